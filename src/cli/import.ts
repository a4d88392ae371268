import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { components } from '../../generated/api.ts';
import { readArguments, UsageError } from './arguments.ts';
import { type Command, type Context, EXIT, line } from './command.ts';
import { GATEWAY_USAGE, type Gateway, GatewayRefused, gatewayAt } from './gateway.ts';
import { planOf, type Step } from './import-plan.ts';
import type { Entry } from './mcp-json-entry.ts';

const USAGE = `Imports the MCP servers of a client's configuration file: creates missing servers and updates changed ones.

  gatehouse import FILE [--url URL] [--dry-run] [--lenient]

  --url URL  the gateway, such as http://127.0.0.1:8080
  --dry-run  shows the changes without making them; cannot foresee whether the gateway accepts them
  --lenient  also saves servers that the gateway cannot connect to

FILE is a configuration file of Claude, Cursor, VS Code (mcp.json, settings.json) or any other client with
"mcpServers" or "servers", or the output of \`gatehouse export\`; - is standard input. Comments and trailing commas are
allowed. The key of an entry is the mcpServer.name of its server. Settings that the entry does not contain stay, and
so do servers that the file does not contain, so you can repeat an import at any time. An entry with "gatehouse":
{"name": "…", "enabled": true}, as in an export, gives the display name of the server, and settings that it does not
contain have no value.

\${NAME}, \${env:NAME} and \${NAME:-default} become \${NAME}, a variable of the gateway's own environment;
\${input:some-key} becomes \${SOME_KEY}. The import skips entries with variables that only an editor can replace, such
as \${workspaceFolder}.

${GATEWAY_USAGE}

The command prints one line for each entry: created, updated, unchanged, skipped or failed. For example:

  gatehouse import ~/.cursor/mcp.json --dry-run
  gatehouse import .vscode/mcp.json --url https://gatehouse.example.com
  ssh laptop cat .cursor/mcp.json | gatehouse import -

Exit status: 0 done, 1 an entry or a request to the gateway failed, 2 wrong usage or an unusable file.
`;

/** `gatehouse import`. */
export const importServers: Command = {
  synopsis: 'import FILE',
  summary: "imports the servers of an MCP client's file (mcp.json) into a running gateway",
  usage: async () => USAGE,
  run,
};

const OPTIONS = { url: { type: 'string' }, 'dry-run': { type: 'boolean' }, lenient: { type: 'boolean' } } as const;

async function run({ args, env, stdout, stderr }: Context): Promise<number> {
  const { values, positionals } = readArguments(args, OPTIONS, ['FILE']);
  const gateway = gatewayAt(values.url, env);
  const entries = await entriesOf(positionals[0] as string);
  const servers = await gateway.list().catch((error: unknown) => {
    if (error instanceof GatewayRefused) {
      stderr(line(error.message));
      return null;
    }
    throw error;
  });
  if (servers === null) {
    return EXIT.failed;
  }
  const outcomes: string[] = [];
  for (const step of planOf(entries, servers)) {
    for (const note of step.notes) {
      stderr(line(`${step.key}: ${note}`));
    }
    const { outcome, details } = values['dry-run']
      ? foreseen(step)
      : await carryOut(gateway, step, values.lenient === true);
    stdout(line(`${outcome} ${step.key}${details && `: ${details}`}`));
    outcomes.push(outcome);
  }
  stdout(line(summary(outcomes)));
  return outcomes.includes('failed') ? EXIT.failed : EXIT.done;
}

async function entriesOf(file: string): Promise<Entry[]> {
  const { readMcpJson, UnusableFile } = await import('./mcp-json.ts');
  const name = file === '-' ? 'standard input' : file;
  let content: string;
  try {
    content = file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(
      `${name} cannot be read: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}`,
    );
  }
  try {
    return readMcpJson(content);
  } catch (error) {
    throw error instanceof UnusableFile ? new UsageError(`${name} ${error.message}`) : error;
  }
}

/** The result of an entry, done or foreseen: one or two words, and details. */
type Outcome = { readonly outcome: string; readonly details: string };

function foreseen(step: Step): Outcome {
  switch (step.kind) {
    case 'create':
      return { outcome: 'would create', details: '' };
    case 'update':
      return { outcome: 'would update', details: `${step.changed.join(', ')} would change.` };
    default:
      return settled(step);
  }
}

async function carryOut(gateway: Gateway, step: Step, isLenient: boolean): Promise<Outcome> {
  try {
    switch (step.kind) {
      case 'create':
        return { outcome: 'created', details: told(await gateway.create(step.body, isLenient)) };
      case 'update': {
        const saved = await gateway.update(step.id, step.changes, isLenient);
        return { outcome: 'updated', details: `${step.changed.join(', ')} changed. ${told(saved)}` };
      }
      default:
        return settled(step);
    }
  } catch (error) {
    if (error instanceof GatewayRefused) {
      return { outcome: 'failed', details: error.message };
    }
    throw error;
  }
}

const settled = (step: Exclude<Step, { kind: 'create' | 'update' }>): Outcome => ({
  outcome: step.kind,
  details: 'reason' in step ? `${step.reason}.` : '',
});

const told = ({ reload }: components['schemas']['SharedServerSaved']): string =>
  [reload.message, ...(reload.error === null ? [] : [reload.error])].join(' ');

function summary(outcomes: readonly string[]): string {
  const counts = [...new Set(outcomes)].map(
    (outcome) => `${outcomes.filter((one) => one === outcome).length} ${outcome}`,
  );
  return `${outcomes.length} ${outcomes.length === 1 ? 'entry' : 'entries'}: ${counts.join(', ')}.`;
}
