import { fileURLToPath } from 'node:url';
import { packageFile } from '../base/package-file.ts';
import { readDocument } from '../contract/bundle.ts';
import { type Document, type Operation, operationsOf } from '../contract/document.ts';
import { apiNames, onlyApis } from '../docs/published.ts';
import { readArguments, UsageError } from './arguments.ts';
import { DISTURBANCES, DISTURBANCES_USAGE, type Disturbances, readDisturbances, wholeNumber } from './disturbances.ts';

const DEFAULT_PORT = 4010;
const DEFAULT_HOST = '127.0.0.1';

/** The text of `gatehouse mock --help`. */
export const mockUsage = (
  document: Document,
): string => `Serves the examples of the OpenAPI document, until you interrupt it. Nothing is remembered.

  gatehouse mock [--port N] [--host HOST] [--dynamic] [--api NAME] [--latency MS] [--fail FAULT …]

  --port N, -p N  the port (${DEFAULT_PORT}); 0 for any free one
  --host HOST     the address to listen on (${DEFAULT_HOST})
  --dynamic       makes bodies from the schemas, different ones each time, instead of the examples
  --api NAME      only one API: ${apiNames(document).join(', ')} (all of them)
${DISTURBANCES_USAGE}
  --help          this text

A request chooses its answer with \`Prefer: code=429\`, \`Prefer: example=empty\` or \`Prefer: dynamic=true\`. For example:

  gatehouse mock --port 4011 --latency 300 --fail listMcpServers=503:0.5

A clone of the project includes Prism, which the mock needs. Without Prism, the command prints another command that
downloads and runs it.
`;

export type MockSettings = Disturbances & {
  readonly document: Document;
  readonly operations: readonly Operation[];
  readonly port: number;
  readonly host: string;
  readonly isDynamic: boolean;
};

/** Reads the arguments of `gatehouse mock`. Throws UsageError. */
export async function readMockArguments(args: readonly string[]): Promise<MockSettings> {
  const text = { type: 'string' } as const;
  const { values } = readArguments(args, {
    port: { ...text, short: 'p' },
    host: text,
    dynamic: { type: 'boolean' },
    api: text,
    ...DISTURBANCES,
  });
  const document = await readDocument();
  const operations = operationsOfApi(document, values.api);
  return {
    document,
    operations,
    port: wholeNumber('--port', values.port ?? String(DEFAULT_PORT), 65_535),
    host: values.host ?? DEFAULT_HOST,
    isDynamic: values.dynamic ?? false,
    ...readDisturbances(values, document, operations),
  };
}

/** Returns the command that serves the same examples with a downloaded Prism. */
export const npxLine = ({ port, host, isDynamic }: MockSettings): string =>
  [
    'npx @stoplight/prism-cli mock',
    fileURLToPath(packageFile('generated/openapi.json')),
    `--port ${port} --host ${host}${isDynamic ? ' --dynamic' : ''}`,
  ].join(' ');

/** The operations of one API, beside those of the process and of MCP clients, or all of them. */
function operationsOfApi(document: Document, api: string | undefined): Operation[] {
  const all = operationsOf(document);
  if (api === undefined) {
    return all;
  }
  const names = apiNames(document);
  if (!names.includes(api)) {
    throw new UsageError(`--api ${api}: no such API; use one of ${names.join(', ')}`);
  }
  const { paths } = onlyApis(document, [api]);
  return all.filter(({ path, raw }) => raw || Object.hasOwn(paths, path));
}
