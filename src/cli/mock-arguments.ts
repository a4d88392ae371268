import { fileURLToPath } from 'node:url';
import { packageFile } from '../base/package-file.ts';
import { readDocument } from '../contract/bundle.ts';
import { type Document, type Operation, operationsOf } from '../contract/document.ts';
import { apiNames, onlyApis } from '../docs/published.ts';
import { type Fault, parseFault } from '../mock/faults.ts';
import { readArguments, UsageError } from './arguments.ts';

const DEFAULT_PORT = 4010;
const DEFAULT_HOST = '127.0.0.1';
const MAX_LATENCY_MS = 600_000;

/** The text of `gatehouse mock --help`. */
export const MOCK_USAGE = `Serves the examples of the OpenAPI document, until you interrupt it. Nothing is remembered.

  gatehouse mock [--port N] [--host HOST] [--dynamic] [--api NAME] [--latency MS] [--fail FAULT …]

  --port N, -p N  the port (${DEFAULT_PORT}); 0 for any free one
  --host HOST     the address to listen on (${DEFAULT_HOST})
  --dynamic       makes bodies from the schemas, different ones each time, instead of the examples
  --api NAME      only one API: accounts, servers or operator (all of them)
  --latency MS    milliseconds that every answer waits (0)
  --fail FAULT    answers an error on purpose: <operation|*>=<status>[:rate]; may be given several times. The rate is
                  the share of the requests, from 0 to 1 (1)
  --help          this text

A request chooses its answer with \`Prefer: code=429\`, \`Prefer: example=empty\` or \`Prefer: dynamic=true\`. For example:

  gatehouse mock --port 4011 --latency 300 --fail listMcpServers=503:0.5

A clone of the project includes Prism, which the mock needs. Without Prism, the command prints another command that
downloads and runs it.
`;

export type MockSettings = {
  readonly document: Document;
  readonly operations: readonly Operation[];
  readonly port: number;
  readonly host: string;
  readonly isDynamic: boolean;
  readonly latencyMs: number;
  readonly faults: readonly Fault[];
};

/** Reads the arguments of `gatehouse mock`. Throws UsageError. */
export async function readMockArguments(args: readonly string[]): Promise<MockSettings> {
  const text = { type: 'string' } as const;
  const { values } = readArguments(args, {
    port: { ...text, short: 'p' },
    host: text,
    dynamic: { type: 'boolean' },
    api: text,
    latency: text,
    fail: { ...text, multiple: true },
  });
  const document = await readDocument();
  const operations = operationsOfApi(document, values.api);
  return {
    document,
    operations,
    port: wholeNumber('--port', values.port ?? String(DEFAULT_PORT), 65_535),
    host: values.host ?? DEFAULT_HOST,
    isDynamic: values.dynamic ?? false,
    latencyMs: wholeNumber('--latency', values.latency ?? '0', MAX_LATENCY_MS),
    faults: (values.fail ?? []).map((fault) => readFault(fault, document, operations)),
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

function wholeNumber(flag: string, text: string, max: number): number {
  if (!/^\d+$/.test(text) || Number(text) > max) {
    throw new UsageError(`${flag}: must be a whole number from 0 to ${max}`);
  }
  return Number(text);
}

function readFault(text: string, document: Document, operations: readonly Operation[]): Fault {
  try {
    return parseFault(text, document, operations);
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(`--fail ${text}: ${error.message}`) : error;
  }
}
