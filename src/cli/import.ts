import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { components } from '../../generated/api.ts';
import { readArguments, UsageError } from './arguments.ts';
import { type Command, type Context, EXIT, line } from './command.ts';
import { GATEWAY_USAGE, type Gateway, GatewayRefused, gatewayAt } from './gateway.ts';
import { planOf, type Step } from './import-plan.ts';
import type { Entry } from './mcp-json-entry.ts';

const USAGE = `Shares the MCP servers of a client's configuration file: creates those that are not there, changes those that differ.

  gatehouse import FILE [--url URL] [--dry-run] [--lenient]

  --url URL  the gateway, such as http://127.0.0.1:8080
  --dry-run  says what would happen, and changes nothing; what the gateway makes of it is not known before
  --lenient  saves servers that do not come up, too

FILE is that of Claude, Cursor, VS Code (mcp.json, settings.json) or any other client with "mcpServers" or "servers", or
what \`gatehouse export\` has written; - is standard input. Comments and trailing commas are fine. An entry belongs to
the server whose mcpServer.name is its key. What it does not say stays as it is, and servers that it does not name are
left alone, so it can be run again at any time. With "gatehouse": {"name": "…", "enabled": true} an entry is one of
ours, as in an export: it says how the server is called, and what it leaves out has no value.

\${NAME}, \${env:NAME} and \${NAME:-default} become \${NAME}, a variable of the gateway's own environment; \${input:some-key}
becomes \${SOME_KEY}. Entries with what only an editor can replace, such as \${workspaceFolder}, are skipped.

${GATEWAY_USAGE}

For each entry a line says what became of it: created, updated, unchanged, skipped or failed. For example:

  gatehouse import ~/.cursor/mcp.json --dry-run
  gatehouse import .vscode/mcp.json --url https://gatehouse.example.com
  ssh laptop cat .cursor/mcp.json | gatehouse import -

Exit status: 0 done, 1 an entry failed or the gateway cannot be asked, 2 wrong usage or a file that cannot be used.
`;

/** `gatehouse import`. */
export const importServers: Command = {
  synopsis: 'import FILE',
  summary: "shares the servers of an MCP client's file (mcp.json) through a gateway that runs",
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

/** What became of an entry, or would: a word or two, and what there is to say of it. */
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
