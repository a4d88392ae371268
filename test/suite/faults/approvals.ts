import type { Json } from '../../support/json.ts';
import type { Relay, Sent } from '../proxy.ts';
import { type Fault, inAnswers, inBody, inData, inRequests, jsonOf, withBody } from './fault.ts';

const REQUESTS = /^\/api\/approval-requests(?:\?|$)/;
const ONE = /^\/api\/approval-requests\/apr_[^/?]+$/;
const EVENTS_PATH = /^\/api\/approval-requests\/events$/;
const DECISION = /^\/api\/approval-requests\/[^/]+\/decision$/;
const GATEWAY = /^\/mcp\//;

const ONCE = 'tools/call: a person sees every argument as it was written, and an approved call is sent once';
const DENIED = 'decideApprovalRequest: the client of a denied call is told the reason, and the call is not sent';
const HASHES = 'decideApprovalRequest: hashes of another call decide nothing';
const SECOND = 'decideApprovalRequest: a second decision is a 409, and changes nothing';
const SEVERAL =
  'decideApprovalRequest: as many different approvers as required_approvals says approve a call, nobody twice';
const DENIAL = 'decideApprovalRequest: one denial denies a call that another approver has approved';
const REMEMBER = 'decideApprovalRequest: remember saves a tool approval for what the person saw, with an approval only';
const THREE = 'tools/call: missing arguments, {} and null wait as three calls';
const ORDER = 'tools/call: another order of keys joins the request that waits, other arguments do not';
const EVENTS = 'streamApprovalEvents: an event that is not kept is a 409, and one that cannot be an event a 400';
const WHO = 'every operation: only a key pair with approvals, of the same organization, sees and decides';
const PINNED =
  'addAccountToolApproval: calls run for the approved definition only, and a request shows it beside the present one';
const OUTDATED = 'decideApprovalRequest: a request is outdated when the scope of its endpoint has changed';

/** Changes the text of the arguments of a call. */
const inArguments = (change: (text: string) => string) =>
  inRequests('POST', GATEWAY, (sent) => {
    const [, before = '', args = '', after = ''] = /^(.*"arguments":)(.*)(\}\})$/s.exec(sent.body) ?? [];
    return before === '' ? sent : { ...sent, body: before + change(args) + after };
  });

/** A relay that puts the right hashes into each decision. */
function correcting(): Relay {
  const seen = new Map<string, Json>();
  return async (sent, forward) => {
    const id = sent.path.split('/')[3] ?? '';
    const right = seen.get(id) ?? {};
    const came = await forward(DECISION.test(sent.path) ? withBody(sent, (body) => ({ ...body, ...right })) : sent);
    for (const { id: listed, arguments_digest, definition_hash } of jsonOf(came).data?.requests ?? []) {
      seen.set(listed, { arguments_digest, definition_hash });
    }
    return came;
  };
}

/** A relay that answers each later decision about a request as the first one. */
function agreeing(): Relay {
  const first = new Map<string, Awaited<ReturnType<Relay>>>();
  return async (sent, forward) => {
    const came = await forward(sent);
    if (!DECISION.test(sent.path) || came.status === 404) {
      return came;
    }
    const known = first.get(sent.path);
    if (known === undefined && came.status === 200) {
      first.set(sent.path, came);
    }
    return known ?? came;
  };
}

/** A relay that knows the decisions that were not the last ones, and gives them to `change`. */
const afterFirst =
  (change: (first: Awaited<ReturnType<Relay>>, ...asked: Parameters<Relay>) => ReturnType<Relay>): (() => Relay) =>
  () => {
    const firsts = new Map<string, Awaited<ReturnType<Relay>>>();
    return async (sent, forward) => {
      const first = DECISION.test(sent.path) ? firsts.get(sent.path) : undefined;
      if (first !== undefined) {
        return change(first, sent, forward);
      }
      const came = await forward(sent);
      if (DECISION.test(sent.path) && jsonOf(came).data?.status === 'pending') {
        firsts.set(sent.path, came);
      }
      return came;
    };
  };

/** A relay that lets everybody in as somebody who may decide, of any organization. */
function trusting(): Relay {
  const trusted: { current?: Sent['headers'] } = {};
  return async (sent, forward) => {
    const came = await forward(sent);
    if (REQUESTS.test(sent.path) && came.status === 200 && (jsonOf(came).data?.requests ?? []).length > 0) {
      trusted.current = sent.headers;
    }
    const isRefused = (ONE.test(sent.path) || DECISION.test(sent.path)) && [401, 403, 404].includes(came.status);
    return isRefused && trusted.current !== undefined ? forward({ ...sent, headers: trusted.current }) : came;
  };
}

/** Faults in the approval of exact calls: each is one that somebody has had. */
export const APPROVAL_FAULTS: readonly Fault[] = [
  {
    name: 'a person does not see which definition was approved',
    across: true,
    caughtBy: PINNED,
    plant: inAnswers(
      'GET',
      ONE,
      inData(({ pinned_definition: _, ...data }) => data),
    ),
  },
  {
    name: 'a person sees arguments that are masked',
    across: true,
    caughtBy: ONCE,
    plant: inAnswers('GET', ONE, (came) => ({ ...came, body: came.body.replace('"text":"a"', '"text":"*"') })),
  },
  {
    name: 'a person sees numbers in another form',
    across: true,
    caughtBy: ONCE,
    plant: inAnswers('GET', ONE, (came) => ({ ...came, body: came.body.replace('1.50', '1.5') })),
  },
  {
    name: 'an approval is never used up',
    across: true,
    caughtBy: ONCE,
    plant: inAnswers(
      'GET',
      ONE,
      inData((data) => ({ ...data, status: data.status === 'used' ? 'approved' : data.status })),
    ),
  },
  {
    name: 'the client is not told why',
    across: true,
    caughtBy: DENIED,
    plant: inAnswers('POST', GATEWAY, (came) => ({ ...came, body: came.body.replace(/, and says: [^"]*/, '.') })),
  },
  {
    name: 'a denied call looks like a success',
    across: true,
    caughtBy: DENIED,
    plant: inAnswers(
      'POST',
      GATEWAY,
      inBody((json) => (json.result?.isError ? { ...json, result: { ...json.result, isError: false } } : json)),
    ),
  },
  { name: 'whatever a person saw, the present call is approved', across: true, caughtBy: HASHES, plant: correcting },
  { name: 'a second decision is answered as if it counted', across: true, caughtBy: SECOND, plant: agreeing },
  {
    name: 'the same approver may approve again',
    across: true,
    caughtBy: SEVERAL,
    plant: afterFirst(async (first, sent, forward) => {
      const came = await forward(sent);
      return came.status === 409 ? first : came;
    }),
  },
  {
    name: 'approvals outweigh a denial',
    across: true,
    caughtBy: DENIAL,
    plant: afterFirst((_, sent, forward) => forward(withBody(sent, (body) => ({ ...body, decision: 'approve' })))),
  },
  {
    name: 'what is to be remembered is forgotten',
    across: true,
    caughtBy: REMEMBER,
    plant: inRequests('POST', DECISION, (sent) =>
      sent.body.includes('"approve"') ? withBody(sent, ({ remember, ...body }) => body) : sent,
    ),
  },
  {
    name: 'null counts as no arguments',
    across: true,
    caughtBy: THREE,
    plant: inRequests('POST', GATEWAY, (sent) => ({ ...sent, body: sent.body.replace(',"arguments":null', '') })),
  },
  {
    name: 'no arguments count as empty ones',
    across: true,
    caughtBy: THREE,
    plant: inRequests('POST', GATEWAY, (sent) => ({
      ...sent,
      body: sent.body.replace(/("method":"tools\/call","params":\{"name":"[^"]*")\}/, '$1,"arguments":{}}'),
    })),
  },
  {
    name: 'the order of keys makes another call',
    across: true,
    caughtBy: ORDER,
    plant: inArguments((text) => (text.startsWith('{"text"') ? text.replace('{', '{"order":1,') : text)),
  },
  {
    name: 'numbers of equal value are equal',
    across: true,
    caughtBy: ORDER,
    plant: inArguments((text) => text.replace(':1.5,', ':1.50,')),
  },
  {
    name: 'a stream goes on somewhere after an event that is not kept',
    across: true,
    caughtBy: EVENTS,
    plant: inAnswers('GET', EVENTS_PATH, (came) =>
      came.status === 409
        ? { ...came, status: 200, headers: { 'content-type': 'text/event-stream' }, body: ': connected\n\n' }
        : came,
    ),
  },
  { name: 'everybody may decide', across: true, caughtBy: WHO, plant: trusting },
  {
    name: 'a change of the scope never reaches the endpoint',
    across: true,
    caughtBy: OUTDATED,
    plant: () => async (sent, forward) =>
      sent.method === 'PATCH' && /\/mcp\//.test(sent.path)
        ? forward({ ...sent, method: 'GET', body: '' })
        : forward(sent),
  },
];
