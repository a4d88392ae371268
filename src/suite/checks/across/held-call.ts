import type { Answer, Caller } from '../../caller.ts';
import type { Context } from '../../check.ts';
import { bearer, keyPair, NONE } from '../../credentials.ts';
import { holds, same } from '../../expect.ts';
import { createdAccountOf, createdIntegration, type IntegrationFields, under } from '../accounts/support.ts';
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
  /** The path of the integration. */
  readonly integration: { readonly id: string };
  /** The path of the endpoint. */
  readonly endpoint: { readonly integrated_account_id: string; readonly id: string };
  readonly toolName: string;
  readonly token: string;
  /** Calls the tool. `args` is the text of the arguments; undefined for none. Resolves when the call is answered. */
  readonly call: (args?: string) => Promise<Answer>;
  /** Sends a message to an endpoint. */
  readonly post: (text: string, header?: Readonly<Record<string, string>>, token?: string) => Promise<Answer>;
};

/** Creates such a tool. */
export async function heldTool(
  { operator, name, as }: Context,
  fields: Partial<IntegrationFields> = {},
): Promise<HeldTool> {
  const organization = await createdOrganization(operator, name('tenant'));
  const pairOf = async (...permissions: ('servers' | 'approvals')[]) => {
    const { apiKey, apiSecret } = await createdPair(operator, organization, { name: name('pair'), permissions });
    return as(keyPair(apiKey, apiSecret));
  };
  const permissions: ('accounts' | 'approvals')[] = ['accounts', 'approvals'];
  const { token } = await createdToken(operator, organization, { name: name('token'), permissions });
  const holder = as(bearer(token, '$NEW_TOKEN'));
  const policy = { approval_policy: 'require_approval_all' } as const;
  const integration = { id: await createdIntegration(holder, { name: name('held'), ...policy, ...fields }) };
  const account = await createdAccountOf(holder, integration.id);
  const body = { name: name('held') };
  const endpoint = (await holder.call(201, 'createEndpoint', { path: under(account), body })).json;
  const client = as(NONE);
  const { token: endpointToken } = endpoint;
  const post: HeldTool['post'] = (text, header = {}, to = endpointToken) =>
    client.send([200, 202], 'sendToEndpoint', {
      path: { token: to },
      header: { Accept: 'application/json', ...header },
      text,
    });
  const list = await post('{"jsonrpc":"2.0","id":1,"method":"tools/list"}');
  const { tools = [] } = resultOf(list) as { tools?: { name: string }[] };
  const [tool] = tools;
  holds(list, tool !== undefined, 'a list with a tool', list.json);
  return {
    approver: await pairOf('approvals'),
    agent: await pairOf('servers'),
    anotherApprover: () => pairOf('approvals'),
    tokenHolder: holder,
    integration,
    endpoint: { ...under(account), id: endpoint.id },
    toolName: tool.name,
    token: endpointToken,
    post,
    call: (args) => {
      const written = args === undefined ? '' : `,"arguments":${args}`;
      const params = `{"name":${JSON.stringify(tool.name)}${written}}`;
      const calling = post(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`);
      // A check that fails before it waits for the answer has failed for another reason.
      calling.catch(() => undefined);
      return calling;
    },
  };
}

/** The result in an answer of the gateway. */
export const resultOf = ({ json }: Answer): Readonly<Record<string, unknown>> =>
  (json as { readonly result?: Readonly<Record<string, unknown>> } | undefined)?.result ?? {};

type Approval = { readonly id?: unknown; readonly status?: unknown };

/** What `_meta` of a result says of the approval request of a call; undefined for a call that was sent. */
export const approvalIn = (answer: Answer): Approval | undefined =>
  (resultOf(answer)._meta as Readonly<Record<string, Approval>> | undefined)?.['gatehouse/approval'];

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

/** The answer to a call of a client that opens URLs, in 2026-07-28: it is not held at first. */
export type Round = { readonly answer: Answer; readonly id: string; readonly state: string };

const STATELESS_META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'contract', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': { elicitation: { url: {} } },
};

/** What such a client sends with a call: what it was answered before, and where it calls. */
export type Again = {
  readonly name?: string;
  readonly requestState?: string;
  readonly inputResponses?: object;
  readonly token?: string;
};

/** Calls the tool as such a client; `args` is the text of the arguments. */
export function askStateless({ toolName, post }: HeldTool, args: string, again: Again = {}): Promise<Answer> {
  const { token, name = toolName, ...more } = again;
  const rest = Object.entries({ ...more, _meta: STATELESS_META }).map(
    ([key, value]) => `,${JSON.stringify(key)}:${JSON.stringify(value)}`,
  );
  const params = `{"name":${JSON.stringify(name)},"arguments":${args}${rest.join('')}}`;
  return post(
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`,
    { 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': 'tools/call', 'Mcp-Name': name },
    token,
  );
}

/** Calls the tool as such a client, which must be told what waits. */
export async function firstRound(held: HeldTool, args: string, again: Again = {}): Promise<Round> {
  const answer = await askStateless(held, args, again);
  const { resultType, requestState: state } = resultOf(answer);
  const { id, status } = approvalIn(answer) ?? {};
  same(
    answer,
    'resultType and the status of the approval request',
    [resultType, status],
    ['input_required', 'pending'],
  );
  holds(answer, typeof state === 'string' && typeof id === 'string', '`requestState`, and an id', answer.json);
  return { answer, id, state };
}

/** Approves a request as it is listed. */
export async function approve(approver: Caller, id: string, decision: 'approve' | 'deny' = 'approve'): Promise<void> {
  await decideAs(approver, 200, dataOf(await readRequest(approver, id)), decision);
}
