import type { Schemas } from '../api.ts';

type Scheme = Schemas['SecurityScheme'];
/** A form of credentials; `none` where the account has none for a scheme. */
export type CredentialForm = Scheme['takes'][number] | 'none';

/** The credentials for one scheme. Which of them count is decided by the form. */
export type SchemeValues = {
  readonly form: CredentialForm;
  readonly api_key: string;
  readonly username: string;
  readonly password: string;
  readonly token: string;
  readonly client_id: string;
  readonly client_secret: string;
  readonly scope: string;
  readonly token_url: string;
  readonly client_auth: string;
  /** Lines of `name=value`. */
  readonly token_params: string;
};

/** Everything that an account sends along. */
export type CredentialValues = {
  readonly schemes: SchemeValues[];
  readonly variables: string[];
  /** Lines of `Name: value`. */
  readonly headers: string;
  /** Lines of `name=value`. */
  readonly query: string;
  /** Lines of origins. */
  readonly origins: string;
};

const EMPTY: SchemeValues = {
  form: 'none',
  api_key: '',
  username: '',
  password: '',
  token: '',
  client_id: '',
  client_secret: '',
  scope: '',
  token_url: '',
  client_auth: '',
  token_params: '',
};

/** What a document asks for: its schemes, or the usual methods where it names none. */
export type Demand = {
  readonly schemes: readonly Scheme[];
  readonly variables: readonly Schemas['ServerVariable'][];
  /** The document names its schemes. Otherwise there is one method for all requests. */
  readonly isNamed: boolean;
};

/** Returns what the document of an integration asks for. */
export function demandOf({ security_schemes: schemes, server_variables: variables }: Schemas['Integration']): Demand {
  const usable = schemes.filter(({ takes }) => takes.length > 0);
  return usable.length > 0
    ? { schemes: usable, variables, isNamed: true }
    : { schemes: [ANY_METHOD], variables, isNamed: false };
}

/** The methods of accounts whose document says nothing of security. */
const ANY_METHOD: Scheme = {
  name: 'Credentials for all requests',
  type: 'http',
  takes: ['api_key', 'basic', 'bearer', 'client'],
  in: 'header',
  parameter: 'X-API-Key',
  token_url: null,
  scopes: [],
};

/** An empty form. With one scheme, its usual form of credentials is chosen. */
export const emptyCredentials = ({ schemes, variables, isNamed }: Demand): CredentialValues => ({
  schemes: schemes.map(({ takes }) => ({
    ...EMPTY,
    form: isNamed && schemes.length === 1 ? (takes[0] ?? 'none') : 'none',
  })),
  variables: variables.map(() => ''),
  headers: '',
  query: '',
  origins: '',
});

type Access = Pick<Schemas['AccountCreate'], 'authentication_method'> & { readonly context: Schemas['AccountContext'] };

/** The method and the context of an account, as a request has them. */
export function accessOf(values: CredentialValues, { schemes, variables, isNamed }: Demand): Access {
  const given = values.schemes.flatMap((scheme, at) => {
    const credentials = credentialsOf(scheme);
    return credentials === null ? [] : [[schemes[at]?.name ?? '', scheme.form, credentials] as const];
  });
  const context = contextOf(values, variables);
  const [first] = given;
  if (first === undefined) {
    return { authentication_method: 'none', context };
  }
  return isNamed
    ? {
        authentication_method: 'schemes',
        context: { ...context, schemes: Object.fromEntries(given.map(([name, , credentials]) => [name, credentials])) },
      }
    : { authentication_method: METHODS[first[1]], context: { ...context, ...first[2] } };
}

const METHODS = {
  none: 'none',
  api_key: 'api_key',
  basic: 'basic',
  bearer: 'bearer',
  client: 'oauth2_client_credentials',
} as const;

function contextOf(values: CredentialValues, variables: Demand['variables']): Schemas['AccountContext'] {
  const filled = values.variables.flatMap((value, at) => (value === '' ? [] : [[variables[at]?.name ?? '', value]]));
  const origins = linesOf(values.origins);
  return {
    ...(filled.length > 0 && { variables: Object.fromEntries(filled) }),
    ...(values.headers.trim() !== '' && { headers: pairsOf(values.headers, ':') }),
    ...(values.query.trim() !== '' && { query: pairsOf(values.query, '=') }),
    ...(origins.length > 0 && { origins }),
  };
}

function credentialsOf(values: SchemeValues): Schemas['SchemeCredentials'] | null {
  const { api_key, username, password, token, client_id, client_secret } = values;
  switch (values.form) {
    case 'none':
      return null;
    case 'api_key':
      return { api_key };
    case 'basic':
      return { username, password };
    case 'bearer':
      return { token };
    case 'client':
      return {
        client_id,
        client_secret,
        ...(values.scope !== '' && { scope: values.scope }),
        ...(values.token_url !== '' && { token_url: values.token_url }),
        ...((values.client_auth === 'basic' || values.client_auth === 'body') && { client_auth: values.client_auth }),
        ...(values.token_params.trim() !== '' && { token_params: pairsOf(values.token_params, '=') }),
      };
  }
}

const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

function pairsOf(text: string, sign: ':' | '='): Record<string, string> {
  return Object.fromEntries(
    linesOf(text).map((line) => {
      const at = line.indexOf(sign);
      return at < 0 ? [line, ''] : [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    }),
  );
}

/** Returns the mistake of lines that need a sign each; null if there is none. */
export function linesMistake(text: string, sign: ':' | '='): string | null {
  const wrong = linesOf(text).find((line) => line.indexOf(sign) < 1);
  return wrong === undefined ? null : `Write a name, “${sign}” and a value in every line.`;
}

/** Returns the mistakes of the credentials for a scheme by their fields: what its form needs and is empty. */
export function missingIn(values: SchemeValues): (keyof SchemeValues)[] {
  const wanted: Readonly<Record<CredentialForm, readonly (keyof SchemeValues)[]>> = {
    none: [],
    api_key: ['api_key'],
    basic: ['username', 'password'],
    bearer: ['token'],
    client: ['client_id', 'client_secret'],
  };
  return wanted[values.form].filter((field) => values[field] === '');
}
