import { suggestSimilar } from '../base/suggest-similar.ts';
import { approverAt, type DecisionBody, type Summary } from './approver.ts';
import { readArguments, UsageError } from './arguments.ts';
import { type Command, type Context, EXIT, line } from './command.ts';
import { GatewayRefused } from './gateway.ts';
import { approvalsOf, requestLine, requestText } from './show-request.ts';
import { watchApprovals } from './watch-approvals.ts';

const USAGE = `Shows the calls that wait for a person, and decides about them.

  gatehouse approvals list                  one line for each call that waits
  gatehouse approvals show ID               one call whole: every argument, and the definition of the tool
  gatehouse approvals approve ID            lets exactly this call run, once, within 10 minutes
  gatehouse approvals deny ID               refuses it
  gatehouse approvals watch                 shows each call whole as soon as it waits, and a line for each decision

  --url URL      the gateway, such as http://127.0.0.1:8080
  --reason TEXT  of approve and deny: why; the client of a denied call is told it
  --remember     of approve: also lets later calls of this tool run, while its definition stays the same
  --until TIME   of --remember: when that ends, such as 2027-01-31T18:00:00Z; without it, never

Nothing is cut or masked. Characters that a terminal would hide or obey are shown as escapes, such as \\u202e. approve
and deny show the call too, and decide about what they show.

The gateway must be running. Its URL is --url, or else GATEHOUSE_PUBLIC_URL, or else GATEHOUSE_HOST and GATEHOUSE_PORT
(127.0.0.1 and 8080). GATEHOUSE_API_KEY and GATEHOUSE_API_SECRET are a key pair with the permission approvals.

For example:

  gatehouse approvals watch
  gatehouse approvals approve apr_5f0c3a52-7d1e-4b8a-9c64-2e9b1f0d8a37 --reason 'Checked with the customer.'

Exit status: 0 done, 1 failed (the message gives the reason), 2 wrong usage, 130 interrupted.
`;

/** `gatehouse approvals`. */
export const approvals: Command = {
  synopsis: 'approvals ACTION',
  summary: 'shows the calls that wait for a person, and decides about them',
  usage: async () => USAGE,
  run,
};

const URL_OPTION = { url: { type: 'string' } } as const;
const REASON_OPTION = { ...URL_OPTION, reason: { type: 'string' } } as const;
const APPROVE_OPTIONS = { ...REASON_OPTION, remember: { type: 'boolean' }, until: { type: 'string' } } as const;

type Action = (context: Context) => Promise<number>;

const list: Action = async ({ args, env, stdout }) => {
  const { values } = readArguments(args, URL_OPTION);
  const waiting = await approverAt(values.url, env).waiting();
  stdout(waiting.map((request) => `${requestLine(request)}\n`).join('') || 'No call waits.\n');
  return EXIT.done;
};

const show: Action = async ({ args, env, stdout }) => {
  const { values, positionals } = readArguments(args, URL_OPTION, ['ID']);
  stdout(requestText(await approverAt(values.url, env).read(idIn(positionals))));
  return EXIT.done;
};

const approve: Action = async (context) => {
  const { values, positionals } = readArguments(context.args, APPROVE_OPTIONS, ['ID']);
  const { remember, until } = values;
  if (until !== undefined && remember !== true) {
    throw new UsageError('--until: goes with --remember only');
  }
  const lasting = { remember: 'tool' as const, remember_until: until === undefined ? null : timeOf(until) };
  return decide(context, values, positionals, { decision: 'approve', ...(remember && lasting) });
};

const deny: Action = async (context) => {
  const { values, positionals } = readArguments(context.args, REASON_OPTION, ['ID']);
  return decide(context, values, positionals, { decision: 'deny' });
};

async function decide(
  { env, stdout }: Context,
  { url, reason }: { readonly url?: string; readonly reason?: string },
  positionals: readonly string[],
  decision: DecisionBody,
): Promise<number> {
  const approver = approverAt(url, env);
  const seen = await approver.read(idIn(positionals));
  stdout(requestText(seen));
  const decided = await approver.decide(seen, { ...decision, ...(reason !== undefined && { reason }) });
  stdout(`\n${resultOf(decided)}\n`);
  return EXIT.done;
}

/** Returns milliseconds since the epoch. Throws UsageError. */
function timeOf(until: string): number {
  const at = Date.parse(until);
  if (Number.isNaN(at)) {
    throw new UsageError(`--until: ${until} is no time; write one such as 2027-01-31T18:00:00Z`);
  }
  return at;
}

function resultOf(decided: Summary): string {
  switch (decided.status) {
    case 'approved':
      return 'Approved: the call may run once, within 10 minutes.';
    case 'pending':
      return `Approved by you: ${approvalsOf(decided)} approvals are there. Another person must approve it too.`;
    default:
      return 'Denied.';
  }
}

const watch: Action = async ({ args, env, stdout, stderr, interruption }) => {
  const { values } = readArguments(args, URL_OPTION);
  const approver = approverAt(values.url, env);
  stderr('Waiting for calls. Press Ctrl+C to end.\n');
  await watchApprovals(approver, { stdout, stderr }, interruption());
  return EXIT.interrupted;
};

const ACTIONS: Readonly<Record<string, Action>> = {
  list,
  show,
  approve,
  deny,
  watch,
};

async function run(context: Context): Promise<number> {
  const [name, ...args] = context.args;
  const action = name !== undefined && Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (action === undefined) {
    const known = Object.keys(ACTIONS);
    throw new UsageError(
      name === undefined
        ? `ACTION: missing; it is one of ${known.join(', ')}`
        : `${name}: unknown action${suggestSimilar(name, known)}`,
    );
  }
  try {
    return await action({ ...context, args });
  } catch (error) {
    if (error instanceof GatewayRefused) {
      context.stderr(line(error.message));
      return EXIT.failed;
    }
    throw error;
  }
}

const idIn = ([id = '']: readonly string[]): string => id;
