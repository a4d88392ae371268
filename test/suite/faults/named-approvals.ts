import type { Came, Relay, Sent } from '../proxy.ts';
import { type Fault, inAnswers, inData, inRequests, jsonOf } from './fault.ts';

const ONE = /^\/api\/approval-requests\/[^/?]+$/;
const DECISION = /^\/api\/approval-requests\/[^/]+\/decision$/;
const GATEWAY = /^\/mcp\//;

const EXACTLY = 'tools/call: an approval is for exactly its arguments, even under the same id';
const LONG = 'tools/call: long arguments are shown whole';
const ALONE = 'tools/call: an approval alone sends nothing, and a replayed requestState uses it once';
const AT_ONCE = 'tools/call: of identical calls at once, one uses an approval';
const STATE = 'tools/call: a requestState that is changed, of other arguments or of another endpoint is refused';
const DECLINED = 'tools/call: a person of the client who does not open the page decides nothing';
const WAYS = 'tools/call: a notification uses no approval, and a denial holds for every version of the protocol';
const META_TOOL = 'tools/call: through a meta-tool, the tool that it names is bound';
const DECISIONS = 'decideApprovalRequest: of several decisions at once, one counts';
const CHANGED =
  'tools/call: an approval is worth nothing once the URL, the policy, the credentials or the scope have changed';
const GONE = 'decideApprovalRequest: a request is outdated when its endpoint or its account is gone';
const WEBHOOK = 'decideApprovalRequest: a webhook that nobody answers holds nothing up';
export const EXPIRED = 'decideApprovalRequest: a decision about an expired request grants nothing';

export const ARRIVES = 'tools/call: a service gets exactly what a person has seen, once, and nothing else';

/** Changes the calls of tools before they get there. */
const inCalls = (change: (body: string) => string) =>
  inRequests('POST', GATEWAY, (sent) =>
    sent.body.includes('"tools/call"') ? { ...sent, body: change(sent.body) } : sent,
  );

/** Whether an answer to a call of a tool says that it was sent. */
const isSent = (came: Came): boolean => jsonOf(came).result !== undefined && !came.body.includes('gatehouse/approval');

/** A relay that answers each message as the same one before, once that was sent. */
function replaying(): Relay {
  let last: Promise<unknown> = Promise.resolve();
  const known = new Map<string, Came>();
  return (sent, forward) => {
    if (!GATEWAY.test(sent.path) || !sent.body.includes('requestState')) {
      return forward(sent);
    }
    const answer = last.then(async () => {
      const came = known.get(sent.body) ?? (await forward(sent));
      if (isSent(came)) {
        known.set(sent.body, came);
      }
      return came;
    });
    last = answer;
    return answer;
  };
}

/** A relay that takes a decision for that of the person at the client, who has refused to open a page. */
function refusing(): Relay {
  let hasDeclined = false;
  return async (sent, forward) => {
    hasDeclined ||= /"action":"(?:decline|cancel)"\}\}/.test(sent.body);
    const came = await forward(sent);
    return hasDeclined && sent.method === 'GET' && ONE.test(sent.path)
      ? inData((data) => ({ ...data, status: 'denied' }))(came, sent)
      : came;
  };
}

/** A relay that answers all decisions about a request as the first one that comes back. */
function agreeing(): Relay {
  const first = new Map<string, Came>();
  return async (sent, forward) => {
    const came = await forward(sent);
    if (!DECISION.test(sent.path)) {
      return came;
    }
    const known = first.get(sent.path) ?? came;
    first.set(sent.path, known);
    return known;
  };
}

/** A relay that takes an expired request for one that waits. */
const forgetting = (): Relay => async (sent, forward) => {
  const came = await forward(sent);
  return DECISION.test(sent.path) && came.status === 409 ? { ...came, status: 200 } : came;
};

/** A relay that never lets a request through. */
const without = (isMeant: (sent: Sent) => boolean) => (): Relay => (sent, forward) =>
  forward(isMeant(sent) ? { ...sent, method: 'GET', body: '' } : sent);

/** A relay whose decisions fail as long as there is a webhook. */
function blocking(): Relay {
  let hasWebhook = false;
  return async (sent, forward) => {
    const came = await forward(sent);
    hasWebhook ||= sent.method === 'POST' && sent.path === '/api/webhooks';
    return hasWebhook && DECISION.test(sent.path) ? { ...came, status: 503 } : came;
  };
}

/** Faults in approvals over MCP: each is one that somebody has had. */
export const NAMED_FAULTS: readonly Fault[] = [
  {
    name: 'an approval of a tool is for all arguments',
    caughtBy: EXACTLY,
    plant: inCalls((body) => body.replace(/"arguments":\{"to":"\w+"\}/, '"arguments":{"to":"ada"}')),
  },
  {
    name: 'a masked copy of the arguments is compared',
    caughtBy: EXACTLY,
    plant: inCalls((body) => body.replace(/"password":"\w+"/, '"password":"*"')),
  },
  {
    name: 'the order of a list does not count',
    caughtBy: EXACTLY,
    plant: inCalls((body) => body.replace('[2,1]', '[1,2]')),
  },
  {
    name: 'types do not count',
    caughtBy: EXACTLY,
    plant: inCalls((body) => body.replace('{"total":"1"}', '{"total":1}')),
  },
  {
    name: 'long arguments are cut where a person looks',
    caughtBy: LONG,
    plant: inAnswers('GET', ONE, (came) => ({ ...came, body: came.body.replace(/x{1000,}[^"]*/, 'xxx…') })),
  },
  {
    name: 'an approval runs the call by itself',
    caughtBy: ALONE,
    plant: inAnswers(
      'GET',
      ONE,
      inData((data) => ({ ...data, status: data.status === 'approved' ? 'used' : data.status })),
    ),
  },
  { name: 'a requestState is answered again as before', caughtBy: ALONE, plant: replaying },
  { name: 'an approval is used as often as it is asked for at once', caughtBy: AT_ONCE, plant: replaying },
  {
    name: 'a requestState is not looked at',
    caughtBy: STATE,
    plant: inCalls((body) => body.replace(/,"requestState":"[^"]*"/, '')),
  },
  { name: 'the person at the client decides', caughtBy: DECLINED, plant: refusing },
  {
    name: 'a notification is a call',
    caughtBy: WAYS,
    plant: inCalls((body) => body.replace('{"jsonrpc":"2.0","method"', '{"jsonrpc":"2.0","id":2,"method"')),
  },
  {
    name: 'a denial is of one version of the protocol',
    caughtBy: WAYS,
    plant: () => async (sent, forward) => {
      const came = await forward(sent);
      const isOld = sent.headers['mcp-protocol-version'] === '2024-11-05';
      const result = { content: [{ type: 'text', text: 'Done.' }] };
      return isOld ? { ...came, body: JSON.stringify({ jsonrpc: '2.0', id: 1, result }) } : came;
    },
  },
  {
    name: 'the call of the meta-tool is approved',
    caughtBy: META_TOOL,
    plant: inAnswers(
      'GET',
      ONE,
      inData((data) => ({ ...data, tool_name: 'call_tool' })),
    ),
  },
  { name: 'decisions at once all count', caughtBy: DECISIONS, plant: agreeing },
  {
    name: 'a changed integration keeps its approvals',
    caughtBy: CHANGED,
    plant: without(({ method, path }) => method === 'PATCH' && path.startsWith('/integration/')),
  },
  {
    name: 'changed credentials keep their approvals',
    caughtBy: CHANGED,
    plant: without(({ method, path }) => method === 'PATCH' && /^\/integrated-account\/[^/]+$/.test(path)),
  },
  {
    name: 'a deleted endpoint keeps its requests',
    caughtBy: GONE,
    plant: without(({ method, path }) => method === 'DELETE' && path.includes('/mcp/')),
  },
  { name: 'a delivery that fails wedges the request', caughtBy: WEBHOOK, plant: blocking },
  {
    name: 'a person sees other arguments than run',
    caughtBy: ARRIVES,
    plant: inAnswers('GET', ONE, (came) => ({ ...came, body: came.body.replace('"text":"a"', '"text":"b"') })),
  },
  {
    name: 'a denied call is sent',
    caughtBy: ARRIVES,
    plant: inRequests('POST', DECISION, (sent) => ({ ...sent, body: sent.body.replace('"deny"', '"approve"') })),
  },
  { name: 'a click on an expired request grants', caughtBy: EXPIRED, plant: forgetting },
];
