import { type UseFormReturnType, useForm } from '@mantine/form';
import { type CredentialValues, linesMistake, missingIn, type SchemeValues } from './credentials.ts';

const REQUIRED = 'Fill this in, or choose other credentials.';

const filled =
  (field: keyof SchemeValues) =>
  (_value: unknown, values: CredentialValues, path: string): string | null => {
    const scheme = values.schemes[Number(path.split('.')[1])];
    return scheme !== undefined && missingIn(scheme).includes(field) ? REQUIRED : null;
  };

/** The form of credentials, which finds what is missing before a request does. */
export const useCredentialForm = (initialValues: CredentialValues): UseFormReturnType<CredentialValues> =>
  useForm<CredentialValues>({
    initialValues,
    validate: {
      schemes: {
        api_key: filled('api_key'),
        username: filled('username'),
        password: filled('password'),
        token: filled('token'),
        client_id: filled('client_id'),
        client_secret: filled('client_secret'),
        token_params: (text) => linesMistake(text, '='),
      },
      headers: (text) => linesMistake(text, ':'),
      query: (text) => linesMistake(text, '='),
    },
  });
