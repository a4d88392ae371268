import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { readDocument } from '../contract/bundle.ts';
import { operationsOf } from '../contract/document.ts';
import { DataRefused } from '../sandbox/fill.ts';
import { SANDBOX_CREDENTIALS, startSandbox } from '../sandbox/sandbox.ts';
import { terminalLog } from '../telemetry/terminal-log.ts';
import { readArguments, UsageError } from './arguments.ts';
import { type Context, EXIT } from './command.ts';
import { DISTURBANCES, DISTURBANCES_USAGE, readDisturbances } from './disturbances.ts';

/** The text of `gatehouse sandbox --help`. */
export const SANDBOX_USAGE = `Runs the sandbox until you interrupt it: the real server in memory, with objects and public credentials.

  gatehouse sandbox [--data FILE] [--latency MS] [--fail FAULT …]

  --data FILE     JSON of the objects that it holds, instead of those of the document's examples
${DISTURBANCES_USAGE}
  --help          this text

It holds the objects of the document's examples, under the ids that the samples use, and an endpoint over a small MCP
server of its own. All data is lost when it stops. Pages of http://localhost, on any port, may call it. The operator's
servers may be local processes only with the command sandbox-contacts.

The JSON of --data has "servers", "integrations" and "shared_servers". Each object is the body of the request that
creates it, and contains those that belong to it: "accounts" of an integration, "endpoints" and "tool_approvals" of a
server or an account, "calls" of an endpoint ("name" and "arguments"; one that waits for a person stays).
It may choose its "id", an endpoint also its "token". \${CONTACTS_URL} is the URL of the sandbox's own MCP server.

GATEHOUSE_PORT is the port (8080); docs/operating.md lists the other variables. The sandbox has its own credentials and
database. For example:

  GATEHOUSE_PORT=8081 gatehouse sandbox --latency 200 --fail listMcpServers=503:0.3
`;

/** Runs the sandbox until it is interrupted, and resolves with the exit status. Throws UsageError. */
export async function runSandbox({ args, env, stdout, interruption }: Context): Promise<number> {
  const { values } = readArguments(args, { data: { type: 'string' }, ...DISTURBANCES });
  const document = await readDocument();
  const disturbances = readDisturbances(values, document, operationsOf(document));
  const data = values.data === undefined ? {} : { data: await contentOf(values.data) };
  const interrupted = interruption();
  const options = { destination: terminalLog(), disturbances, ...data };
  const sandbox = await startSandbox(env, options).catch((error: unknown) => {
    throw error instanceof DataRefused
      ? new UsageError(error.message.replaceAll(/^/gm, `--data ${values.data}: `))
      : error;
  });
  stdout(banner(sandbox.url, values.data === undefined));
  if (!interrupted.aborted) {
    await once(interrupted, 'abort');
  }
  await sandbox.stop();
  return EXIT.done;
}

async function contentOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`--data ${file}: cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

function banner(url: string, hasExamples: boolean): string {
  const { MCP_ENDPOINT_TOKEN, ...credentials } = SANDBOX_CREDENTIALS;
  const variables = Object.entries(hasExamples ? { ...credentials, MCP_ENDPOINT_TOKEN } : credentials);
  return `Listening on ${url} with all data in memory, which is lost when the sandbox stops.

${variables.map(([name, value]) => `export ${name}=${value}\n`).join('')}
curl ${url}/api/mcp-servers -H "X-API-KEY: $GATEHOUSE_API_KEY" -H "X-API-SECRET: $GATEHOUSE_API_SECRET"

Console: ${url}/console
Docs: ${url}/docs

`;
}
