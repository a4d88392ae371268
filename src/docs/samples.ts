import type { DocsOperation, DocsParameter } from './document.ts';
import { Expression, JAVASCRIPT, literal, PYTHON, singleQuoted } from './literals.ts';

/** A complete program or command that makes one request, in the format of Redoc's `x-codeSamples`. */
export type Sample = { readonly lang: string; readonly label: string; readonly source: string };

/** Where a sample finds the credentials of each security scheme of the document. */
const VARIABLES: Readonly<Record<string, string>> = {
  apiKey: 'GATEHOUSE_API_KEY',
  apiSecret: 'GATEHOUSE_API_SECRET',
  apiToken: 'GATEHOUSE_API_TOKEN',
  endpointToken: 'MCP_ENDPOINT_TOKEN',
  operatorToken: 'GATEHOUSE_ADMIN_TOKEN',
  session: 'GATEHOUSE_SESSION',
};

/** Where it finds headers that no example can show, since only the answer to an earlier request tells them. */
const HEADER_VARIABLES: Readonly<Record<string, string>> = { 'Mcp-Session-Id': 'MCP_SESSION_ID' };

/** A header whose value, after a prefix, is in the environment. */
type VariableHeader = { readonly header: string; readonly prefix: string; readonly variable: string };

/** One request, made of the examples of the document. */
export type SampleRequest = {
  readonly operation: DocsOperation;
  readonly server: string;
  /** The path with its parameters filled in. */
  readonly path: string;
  readonly pathValues: Readonly<Record<string, unknown>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
  /** Required headers that OpenAPI does not describe as parameters. */
  readonly negotiated: Readonly<Record<string, string>>;
  /** Headers from the environment, in addition to the credentials. */
  readonly variableHeaders: readonly VariableHeader[];
  readonly credentials: readonly (DocsOperation['credentials'][number] & VariableHeader)[];
  readonly body: unknown;
  readonly answer: 'json' | 'text' | 'events';
};

/**
 * Returns samples for an operation with curl, JavaScript's `fetch`, Python's `requests` and the typed client: ready to
 * paste and run, with credentials from the environment. Values come from the examples of the document; the body is its
 * first named example. For every other example of the body there is a sample with curl. Throws if the document has no
 * example for a required value.
 */
export function samplesOf(operation: DocsOperation, server: string): Sample[] {
  const [first, ...others] = exampleNames(operation);
  const request = sampleRequest(operation, server, first);
  return [
    { lang: 'curl', label: 'curl', source: curl(request) },
    { lang: 'javascript', label: 'JavaScript', source: javascript(request) },
    { lang: 'python', label: 'Python', source: python(request) },
    { lang: 'typescript', label: 'Typed client', source: typedClient(request) },
    ...others.map((name) => ({
      lang: 'curl',
      label: `curl: ${name}`,
      source: curl(sampleRequest(operation, server, name)),
    })),
  ];
}

const examplesOf = ({ body }: DocsOperation) => body?.content['application/json']?.examples ?? {};

/** Returns the names of the examples of an operation's body, in the order of the document. */
export const exampleNames = (operation: DocsOperation): string[] => Object.keys(examplesOf(operation));

/** Returns the request that the samples of an operation make, with one example of its body. */
export function sampleRequest(operation: DocsOperation, server: string, exampleName = ''): SampleRequest {
  const { parameters, body, responses } = operation;
  // Whoever lists wants to know how to get more than the default at once; other optional parameters only distract.
  const shown = parameters.filter(({ name, required }) => required === true || name === 'limit');
  const valuesIn = (place: string): Readonly<Record<string, unknown>> =>
    Object.fromEntries(
      shown
        .filter((parameter) => parameter.in === place)
        .map((parameter) => [parameter.name, exampleOf(operation, parameter)]),
    );
  const pathValues = valuesIn('path');
  const example = examplesOf(operation)[exampleName];
  if (body !== undefined && example === undefined) {
    throw new Error(`${operation.id}: its JSON body has no example to make a sample of`);
  }
  const success = responses.find(([status]) => status.startsWith('2'))?.[1].content ?? {};
  const headers = Object.entries(valuesIn('header'));
  const answer = 'application/json' in success ? 'json' : 'text/event-stream' in success ? 'events' : 'text';
  return {
    operation,
    server,
    path: operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(pathValues[name]))),
    pathValues,
    query: valuesIn('query'),
    headers: Object.fromEntries(
      headers.filter(([name]) => !(name in HEADER_VARIABLES)).map(([name, value]) => [name, String(value)]),
    ),
    negotiated: answer === 'events' ? { Accept: 'text/event-stream' } : {},
    variableHeaders: headers.flatMap(([header]) => {
      const variable = HEADER_VARIABLES[header];
      return variable === undefined ? [] : { header, prefix: '', variable };
    }),
    credentials: operation.credentials.map((credential) => {
      const variable = VARIABLES[credential.name];
      if (variable === undefined) {
        throw new Error(`${operation.id}: no variable is named for the security scheme ${credential.name}`);
      }
      return { ...credential, variable };
    }),
    body: example?.value,
    answer,
  };
}

function exampleOf(operation: DocsOperation, { name, example, schema }: DocsParameter): unknown {
  const value = example ?? schema?.examples?.[0];
  if (value === undefined) {
    throw new Error(`${operation.id}: the parameter ${name} has no example to make a sample of`);
  }
  return value;
}

const isEmpty = (record: Readonly<Record<string, unknown>>): boolean => Object.keys(record).length === 0;

/** Returns the URL of a request, with its query. */
export function urlOf({ server, path, query }: SampleRequest): string {
  const pairs = Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]);
  return `${server}${path}${pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`}`;
}

/** In single quotes a shell reads nothing into a text. */
const shellQuoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function curl(request: SampleRequest): string {
  const { operation, headers, negotiated, credentials, variableHeaders, body, answer } = request;
  const words = [
    `curl ${answer === 'events' ? '-N ' : ''}${shellQuoted(urlOf(request))}`,
    ...(operation.method === 'GET' ? [] : [`-X ${operation.method}`]),
    ...[...credentials, ...variableHeaders].map(
      ({ header, prefix, variable }) => `-H "${header}: ${prefix}$${variable}"`,
    ),
    ...Object.entries({ ...headers, ...negotiated }).map(([name, value]) => `-H ${shellQuoted(`${name}: ${value}`)}`),
    ...(body === undefined
      ? []
      : [`-H 'Content-Type: application/json'`, `-d ${shellQuoted(JSON.stringify(body, null, 2))}`]),
  ];
  return words.join(' \\\n  ');
}

function javascript(request: SampleRequest): string {
  const { operation, headers, negotiated, credentials, variableHeaders, body, answer } = request;
  const headerLines = [
    ...[...credentials, ...variableHeaders].map(
      ({ header, prefix, variable }) =>
        `${JAVASCRIPT.key(header)}: ${prefix === '' ? `process.env.${variable}` : `\`${prefix}\${process.env.${variable}}\``}`,
    ),
    ...Object.entries({ ...headers, ...negotiated }).map(
      ([name, value]) => `${JAVASCRIPT.key(name)}: ${singleQuoted(value)}`,
    ),
    ...(body === undefined ? [] : [`'Content-Type': 'application/json'`]),
  ];
  const options = [
    ...(operation.method === 'GET' ? [] : [`  method: '${operation.method}',`]),
    ...(headerLines.length === 0 ? [] : ['  headers: {', ...headerLines.map((line) => `    ${line},`), '  },']),
    ...(body === undefined ? [] : [`  body: JSON.stringify(${literal(body, JAVASCRIPT, '  ')}),`]),
  ];
  return [
    `const response = await fetch(${singleQuoted(urlOf(request))}${options.length === 0 ? '' : `, {\n${options.join('\n')}\n}`});`,
    'if (!response.ok) {',
    `  throw new Error(\`\${response.status}: \${await response.text()}\`);`,
    '}',
    ...(answer === 'events' ? eachChunk('response.body') : [`console.log(await response.${answer}());`]),
  ].join('\n');
}

/** Prints the stream as it arrives: it may never end. */
const eachChunk = (stream: string): string[] => [
  `for await (const chunk of ${stream}.pipeThrough(new TextDecoderStream())) {`,
  '  console.log(chunk);',
  '}',
];

function python(request: SampleRequest): string {
  const { operation, server, path, query, headers, negotiated, credentials, variableHeaders, body, answer } = request;
  const headerLines = [
    ...[...credentials, ...variableHeaders].map(({ header, prefix, variable }) => {
      const value = `os.environ["${variable}"]`;
      return `"${header}": ${prefix === '' ? value : `"${prefix}" + ${value}`}`;
    }),
    ...Object.entries({ ...headers, ...negotiated }).map(
      ([name, value]) => `${PYTHON.key(name)}: ${PYTHON.string(value)}`,
    ),
  ];
  const options = [
    PYTHON.string(server + path),
    ...(isEmpty(query) ? [] : [`params=${literal(query, PYTHON, '  ')}`]),
    ...(headerLines.length === 0 ? [] : [`headers={\n${headerLines.map((line) => `    ${line},\n`).join('')}  }`]),
    ...(body === undefined ? [] : [`json=${literal(body, PYTHON, '  ')}`]),
    ...(answer === 'events' ? ['stream=True'] : []),
  ].map((option) => `  ${option},\n`);
  return [
    ...(credentials.length + variableHeaders.length === 0 ? [] : ['import os']),
    'import requests',
    '',
    // Python's own style indents by four.
    `response = requests.${operation.method.toLowerCase()}(\n${options.join('')})`.replaceAll(/^(?: {2})+/gm, '$&$&'),
    'response.raise_for_status()',
    ...(answer === 'events'
      ? ['for line in response.iter_lines():', '    print(line.decode(), flush=True)']
      : [`print(response.${answer === 'json' ? 'json()' : 'text'})`]),
  ].join('\n');
}

function typedClient(request: SampleRequest): string {
  const { operation, server, pathValues, query, headers, negotiated, credentials, variableHeaders, body, answer } =
    request;
  const header = {
    ...headers,
    ...Object.fromEntries(
      variableHeaders.map((field) => [field.header, new Expression(`process.env.${field.variable} ?? ''`)]),
    ),
  };
  // The client has no option for what browsers send by themselves.
  const isCookie = ({ header: name }: VariableHeader) => name === 'Cookie';
  const cookies = credentials
    .filter(isCookie)
    .map((cookie) => [cookie.header, new Expression(`\`${cookie.prefix}\${process.env.${cookie.variable}}\``)]);
  const ownHeaders = { ...negotiated, ...Object.fromEntries(cookies) };
  const parameters = Object.entries({ path: pathValues, query, header }).filter(([, part]) => !isEmpty(part));
  const options = [
    ...(parameters.length === 0 ? [] : [`  params: ${literal(Object.fromEntries(parameters), JAVASCRIPT, '  ')},`]),
    ...(isEmpty(ownHeaders) ? [] : [`  headers: ${literal(ownHeaders, JAVASCRIPT, '  ')},`]),
    ...(body === undefined ? [] : [`  body: ${literal(body, JAVASCRIPT, '  ')},`]),
    ...(answer === 'json' ? [] : [`  parseAs: '${answer === 'events' ? 'stream' : 'text'}',`]),
  ];
  return [
    `import { createClient } from 'mcp-gatehouse';`,
    '',
    'const client = createClient({',
    `  baseUrl: ${singleQuoted(server)},`,
    ...credentials
      .filter((credential) => !isCookie(credential))
      .map(({ name, variable }) => `  ${name}: process.env.${variable},`),
    '});',
    `const { data, error, response } = await client.${operation.method}(${singleQuoted(operation.path)}${options.length === 0 ? '' : `, {\n${options.join('\n')}\n}`});`,
    `if (${answer === 'events' ? '!data' : '!response.ok'}) {`,
    `  throw new Error(\`\${response.status}: \${JSON.stringify(error)}\`);`,
    '}',
    ...(answer === 'events' ? eachChunk('data') : ['console.log(data);']),
  ].join('\n');
}
