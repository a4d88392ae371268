import { Fieldset, Group, NativeSelect, PasswordInput, Radio, Stack, Text, Textarea, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import type { Schemas } from '../api.ts';
import { fieldErrorsOf } from '../ui/field-errors.ts';
import { Outside } from '../ui/outside.tsx';
import type { CredentialForm, CredentialValues, Demand } from './credentials.ts';

type CredentialFieldsProps = {
  readonly form: UseFormReturnType<CredentialValues>;
  readonly demand: Demand;
  /** The error of the last request. */
  readonly error: unknown;
};

/** The credentials that the document of an integration asks for, and what else goes with every request. */
export function CredentialFields({ form, demand, error }: CredentialFieldsProps) {
  return (
    <>
      {demand.schemes.map((scheme, at) => (
        <SchemeFields key={scheme.name} form={form} scheme={scheme} at={at} isNamed={demand.isNamed} error={error} />
      ))}
      {demand.variables.length > 0 && (
        <Fieldset legend="URL of the service">
          <Stack gap="sm">
            {demand.variables.map((variable, at) => (
              <Variable key={variable.name} form={form} variable={variable} at={at} />
            ))}
          </Stack>
        </Fieldset>
      )}
      <details>
        <summary>Headers, query and origins of every request</summary>
        <Stack gap="sm" mt="sm">
          <Textarea
            label="Headers"
            description="One a line, such as X-Tenant: acme. Arguments of tools never change them."
            autosize
            minRows={2}
            spellCheck={false}
            className="monospace"
            {...form.getInputProps('headers')}
          />
          <Textarea
            label="Query parameters"
            description="One a line, such as api-version=2024-01-01."
            autosize
            minRows={2}
            spellCheck={false}
            className="monospace"
            {...form.getInputProps('query')}
          />
          <Textarea
            label="Further origins"
            description="One a line, such as https://uploads.example.com. They get the credentials too; otherwise only the service does."
            autosize
            minRows={2}
            spellCheck={false}
            className="monospace"
            {...form.getInputProps('origins')}
          />
        </Stack>
      </details>
    </>
  );
}

const FORM_NAMES: Readonly<Record<CredentialForm, string>> = {
  none: 'None',
  api_key: 'API key',
  basic: 'User name and password',
  bearer: 'Token',
  client: 'Client id and secret',
};

type SchemeFieldsProps = Omit<CredentialFieldsProps, 'demand'> & {
  readonly scheme: Schemas['SecurityScheme'];
  readonly at: number;
  readonly isNamed: boolean;
};

function SchemeFields({ form, scheme, at, isNamed, error }: SchemeFieldsProps) {
  const mistake = Object.values(fieldErrorsOf(error, [`context.schemes.${scheme.name}`]))[0];
  const chosen = form.values.schemes[at]?.form ?? 'none';
  const of = (field: string) => form.getInputProps(`schemes.${at}.${field}`);
  return (
    <Fieldset legend={<Outside>{scheme.name}</Outside>}>
      <Stack gap="sm">
        {isNamed && (
          <Text size="sm" c="dimmed">
            <Place scheme={scheme} />
          </Text>
        )}
        <Radio.Group
          label="Credentials"
          description="Tools whose operation requires what the account does not have are left out."
          {...of('form')}
        >
          <Group mt="xs">
            {[...scheme.takes, 'none' as const].map((form_) => (
              <Radio key={form_} value={form_} label={FORM_NAMES[form_]} />
            ))}
          </Group>
        </Radio.Group>
        {chosen === 'api_key' && <PasswordInput label="API key" autoComplete="off" required {...of('api_key')} />}
        {chosen === 'basic' && (
          <>
            <TextInput label="User name" autoComplete="off" required {...of('username')} />
            <PasswordInput label="Password" autoComplete="off" required {...of('password')} />
          </>
        )}
        {chosen === 'bearer' && <PasswordInput label="Token" autoComplete="off" required {...of('token')} />}
        {chosen === 'client' && <ClientFields of={of} scheme={scheme} />}
        {mistake !== undefined && (
          <Text size="sm" c="red" role="alert">
            <Outside>{mistake}</Outside>
          </Text>
        )}
      </Stack>
    </Fieldset>
  );
}

type FieldProps = { readonly of: (field: string) => object; readonly scheme: Schemas['SecurityScheme'] };

const ClientFields = ({ of, scheme: { token_url: url, scopes } }: FieldProps) => (
  <>
    <TextInput label="Client id" autoComplete="off" required {...of('client_id')} />
    <PasswordInput label="Client secret" autoComplete="off" required {...of('client_secret')} />
    <TextInput
      label="Token URL"
      description={url === null ? 'The document names none.' : 'Empty: the URL of the document.'}
      placeholder={url ?? 'https://auth.example.com/token'}
      autoComplete="off"
      {...of('token_url')}
    />
    <TextInput
      label="Scopes"
      description="Separated by spaces. Empty: those that the document names."
      placeholder={scopes.join(' ').slice(0, 200)}
      autoComplete="off"
      {...of('scope')}
    />
    <NativeSelect
      label="How the client identifies itself"
      data={[
        { value: '', label: 'Header, or else form' },
        { value: 'basic', label: 'Authorization header' },
        { value: 'body', label: 'Form' },
      ]}
      {...of('client_auth')}
    />
    <Textarea
      label="More parameters of the token request"
      description="One a line, such as audience=https://api.example.com."
      autosize
      minRows={2}
      spellCheck={false}
      className="monospace"
      {...of('token_params')}
    />
  </>
);

/** The place of the credentials in a request. */
const Place = ({ scheme: { type, in: place, parameter } }: { readonly scheme: Schemas['SecurityScheme'] }) =>
  type === 'apiKey' && place !== null && parameter !== null ? (
    <>
      A key in the {place}: <Outside>{parameter}</Outside>
    </>
  ) : (
    TYPE_NAMES[type]
  );

const TYPE_NAMES: Readonly<Record<Schemas['SecurityScheme']['type'], string>> = {
  apiKey: 'A key',
  http: 'The Authorization header',
  oauth2: 'OAuth 2',
  openIdConnect: 'OpenID Connect',
  unsupported: 'Not supported',
};

type VariableProps = {
  readonly form: UseFormReturnType<CredentialValues>;
  readonly variable: Schemas['ServerVariable'];
  readonly at: number;
};

function Variable({ form, variable: { name, default: usual, values }, at }: VariableProps) {
  const description =
    usual === null ? (
      'The document names no usual value.'
    ) : (
      <>
        Empty: <Outside>{usual}</Outside>
      </>
    );
  const props = { label: <Outside>{name}</Outside>, description, ...form.getInputProps(`variables.${at}`) };
  return values.length > 0 ? (
    <NativeSelect {...props} data={['', ...values.filter((value) => value !== '')]} />
  ) : (
    <TextInput {...props} autoComplete="off" required={usual === null} />
  );
}
