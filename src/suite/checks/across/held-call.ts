import type { Answer, Caller } from '../../caller.ts';
import type { Context } from '../../check.ts';
import { bearer, keyPair, NONE } from '../../credentials.ts';
import { holds } from '../../expect.ts';
import { createdAccount, under } from '../accounts/support.ts';
import { created as createdOrganization, createdPair, createdToken } from '../operator/support.ts';
import { dataOf } from '../servers/support.ts';

/** Milliseconds within which a call that waits must be listed. */
const LISTED_WITHIN_MS = 10_000;
const LOOK_INTERVAL_MS = 20;

/** A new organization with one tool whose calls all wait for a person. */
export type HeldTool = {
  /** Holds a key pair with the permission `approvals`, another one without it, and an API token with it. */
  readonly approver: Caller;
  readonly agent: Caller;
  /** Creates another holder of a key pair with `approvals`. */
  readonly anotherApprover: () => Promise<Caller>;
  readonly tokenHolder: Caller;
  /** The path of the endpoint. */
  readonly endpoint: { readonly integrated_account_id: string; readonly id: string };
  /** Calls the tool. `args` is the text of the arguments; undefined for none. Resolves when the call is answered. */
  readonly call: (args?: string) => Promise<Answer>;
};

/** Creates such a tool. */
export async function heldTool(
  { operator, name, as }: Context,
  fields: { readonly required_approvals?: number } = {},
): Promise<HeldTool> {
  const organization = await createdOrganization(operator, name('tenant'));
  const pairOf = async (...permissions: ('servers' | 'approvals')[]) => {
    const { apiKey, apiSecret } = await createdPair(operator, organization, { name: name('pair'), permissions });
    return as(keyPair(apiKey, apiSecret));
  };
  const permissions: ('accounts' | 'approvals')[] = ['accounts', 'approvals'];
  const { token } = await createdToken(operator, organization, { name: name('token'), permissions });
  const holder = as(bearer(token, '$NEW_TOKEN'));
  const account = await createdAccount(holder, {
    name: name('held'),
    approval_policy: 'require_approval_all',
    ...fields,
  });
  const body = { name: name('held') };
  const endpoint = (await holder.call(201, 'createEndpoint', { path: under(account), body })).json;
  const client = as(NONE);
  const ask = (text: string) =>
    client.send(200, 'sendToEndpoint', {
      path: { token: endpoint.token },
      header: { Accept: 'application/json' },
      text,
    });
  const list = await ask('{"jsonrpc":"2.0","id":1,"method":"tools/list"}');
  const { tools = [] } = resultOf(list) as { tools?: { name: string }[] };
  const [tool] = tools;
  holds(list, tool !== undefined, 'a list with a tool', list.json);
  return {
    approver: await pairOf('approvals'),
    agent: await pairOf('servers'),
    anotherApprover: () => pairOf('approvals'),
    tokenHolder: holder,
    endpoint: { ...under(account), id: endpoint.id },
    call: (args) => {
      const written = args === undefined ? '' : `,"arguments":${args}`;
      const params = `{"name":${JSON.stringify(tool.name)}${written}}`;
      const calling = ask(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`);
      // A check that fails before it waits for the answer has failed for another reason.
      calling.catch(() => undefined);
      return calling;
    },
  };
}

/** The result in an answer of the gateway. */
export const resultOf = ({ json }: Answer): Readonly<Record<string, unknown>> =>
  (json as { readonly result?: Readonly<Record<string, unknown>> } | undefined)?.result ?? {};

/** What `_meta` of a result says of the approval request of a call; undefined for a call that was sent. */
export const approvalIn = (answer: Answer): { readonly status?: unknown } | undefined =>
  (resultOf(answer)._meta as Readonly<Record<string, { readonly status?: unknown }>> | undefined)?.[
    'gatehouse/approval'
  ];

/** The requests that wait, once there are so many. */
export async function waiting(approver: Caller, count = 1) {
  const giveUpMs = performance.now() + LISTED_WITHIN_MS;
  for (;;) {
    const answer = await approver.call(200, 'listApprovalRequests', { query: { status: 'pending' } });
    const { requests } = dataOf(answer);
    if (requests.length >= count || performance.now() > giveUpMs) {
      holds(answer, requests.length === count, `${count} requests that wait`, requests.length);
      return requests;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
  }
}

/** The only request that waits. */
export async function onlyWaiting(approver: Caller) {
  const [request] = await waiting(approver);
  if (request === undefined) {
    throw new TypeError('one request waits, and none was answered');
  }
  return request;
}

type Seen = { readonly id: string; readonly arguments_digest: string; readonly definition_hash: string };

/** Decides about a request as it was seen. */
export const decideAs = <const Status extends number>(
  by: Caller,
  expected: Status,
  { id, arguments_digest, definition_hash }: Seen,
  decision: 'approve' | 'deny' = 'approve',
  reason?: string,
) =>
  by.call(expected, 'decideApprovalRequest', {
    path: { approvalRequestId: id },
    body: { decision, arguments_digest, definition_hash, ...(reason !== undefined && { reason }) },
  });

/** Reads a request whole. */
export const readRequest = async (approver: Caller, id: string) =>
  approver.call(200, 'getApprovalRequest', { path: { approvalRequestId: id } });
