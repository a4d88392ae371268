import type { components } from '../../generated/api.ts';

type Schemas = components['schemas'];

/**
 * The closed lists of words of the document that the domain shares. A change of a list in the document changes it here.
 */
export type ApprovalPolicy = Schemas['ApprovalPolicy'];
/** A transport of a server of an organization, as the Servers API names it. */
export type Transport = Schemas['Transport'];
/** A transport of a shared server, as the Operator API names it. */
export type SharedTransport = Schemas['SharedServerTransport'];
/** The treatment of invalid bytes in the output of a local process. */
export type EncodingErrorHandler = NonNullable<Schemas['SharedServerEncodingErrorHandler']>;
/** Whether tools of an integration show the schema of their answers. */
export type OutputSchemas = Schemas['OutputSchemas'];
/** Whether operations without a text give tools. */
export type Undocumented = Schemas['Undocumented'];
/** The authentication method of an account. */
export type AuthenticationMethod = Schemas['AuthenticationMethod'];
/** The status of an account. */
export type AccountStatus = Schemas['Account']['status'];
/** A permission of a key pair. */
export type Permission = Schemas['Permissions'][number];
/** A permission of an API token. */
export type TokenPermission = Schemas['TokenPermissions'][number];
/** The status of an approval request. */
export type ApprovalStatus = Schemas['ApprovalRequestStatus'];
/** Why a call waits for a person. */
export type ApprovalReason = Schemas['ApprovalReason'];
/** The outcome of an approved call. */
export type ApprovalOutcome = NonNullable<Schemas['ApprovalOutcome']>;
/** The decision of a person about a call. */
export type ApprovalAnswer = Schemas['ApprovalDecision']['decision'];
/** A permission of a member. */
export type MemberPermission = Schemas['MemberPermissions'][number];
/** The kind of credentials that can decide about a call. */
export type ApproverKind = Schemas['ApprovalDecision']['by']['kind'];
/** The kind of the actor of an audit event. */
export type ActorKind = Schemas['AuditEvent']['actor']['kind'];
/** The outcome of an audit event. */
export type AuditOutcome = Schemas['AuditEvent']['outcome'];

/** An event that webhooks can be told. */
export type WebhookEvent = Schemas['WebhookEvent'];
/** The format of the bodies that a webhook gets. */
export type WebhookFormat = Schemas['WebhookFormat'];
/** The state of a delivery. */
export type DeliveryStatus = NonNullable<Schemas['WebhookLastDelivery']>['status'];

/** A stored word is not in its closed list. The message names the row, for the log. */
export class UnknownWord extends Error {
  override readonly name = 'UnknownWord';

  constructor(kind: string, word: unknown, row: string, known: readonly string[]) {
    super(
      `${JSON.stringify(word)} in ${row} is no ${kind} that this version of Gatehouse knows (${known.join(', ')}). ` +
        'If a newer version has stored it, start that one.',
    );
  }
}

type Reader<T> = (word: string, table: string, id: string) => T;

/**
 * Makes a reader of one closed list: it returns a word of the list, or throws UnknownWord, which names the table and the
 * id of the row that holds the word. The compiler requires the whole list.
 */
const reader = <T extends string>(kind: string, words: Readonly<Record<T, true>>): Reader<T> => {
  const isKnown = (word: string): word is T => Object.hasOwn(words, word);
  return (word, table, id) => {
    if (!isKnown(word)) {
      throw new UnknownWord(kind, word, `${table} ${id}`, Object.keys(words));
    }
    return word;
  };
};

/** Reads an approval policy. */
export const readApprovalPolicy = reader<ApprovalPolicy>('approval policy', {
  auto_approve_all: true,
  auto_approve_read_only: true,
  require_approval_per_tool: true,
  require_approval_all: true,
});

/** Reads the transport of a server of an organization. */
export const readTransport = reader<Transport>('transport', { STREAMABLE_HTTP: true, SSE: true, WebSocket: true });

/** Reads the transport of a shared server. */
export const readSharedTransport = reader<SharedTransport>('transport', {
  stdio: true,
  streamable_http: true,
  sse: true,
  websocket: true,
});

/** Reads the treatment of invalid bytes. */
export const readEncodingErrorHandler = reader<EncodingErrorHandler>('encoding error handler', {
  strict: true,
  ignore: true,
  replace: true,
});

/** Reads whether tools show the schema of their answers. */
export const readOutputSchemas = reader<OutputSchemas>('setting of output schemas', { loose: true, none: true });

/** Reads whether operations without a text give tools. */
export const readUndocumented = reader<Undocumented>('setting of undocumented operations', {
  skip: true,
  include: true,
});

/** Reads an authentication method. */
export const readAuthenticationMethod = reader<AuthenticationMethod>('authentication method', {
  api_key: true,
  basic: true,
  bearer: true,
  oauth2_client_credentials: true,
  schemes: true,
  none: true,
});

/** Reads the status of an account. */
export const readAccountStatus = reader<AccountStatus>('account status', {
  active: true,
  needs_reauth: true,
  validation_error: true,
});

/** Reads a permission of a key pair. */
export const readPermission = reader<Permission>('permission of a key pair', { servers: true, approvals: true });

/** Reads a permission of an API token. */
export const readTokenPermission = reader<TokenPermission>('permission of an API token', {
  accounts: true,
  approvals: true,
});

/** Reads a permission of a member. */
export const readMemberPermission = reader<MemberPermission>('permission of a member', {
  accounts: true,
  servers: true,
  approvals: true,
  operator: true,
});

/** Reads the status of an approval request. */
export const readApprovalStatus = reader<ApprovalStatus>('status of an approval request', {
  pending: true,
  approved: true,
  used: true,
  denied: true,
  expired: true,
  outdated: true,
});

/** Reads why a call waits. */
export const readApprovalReason = reader<ApprovalReason>('reason of an approval request', {
  all: true,
  not_read_only: true,
  per_tool: true,
  changed: true,
  new: true,
});

/** Reads the outcome of an approved call. */
export const readApprovalOutcome = reader<ApprovalOutcome>('outcome of an approved call', {
  succeeded: true,
  failed: true,
});

/** Reads the decision of a person about a call. */
export const readApprovalAnswer = reader<ApprovalAnswer>('decision', { approve: true, deny: true });

/** Reads the kind of an approver. */
export const readApproverKind = reader<ApproverKind>('kind of approver', { key_pair: true, member: true });

/** Reads the kind of an actor. */
export const readActorKind = reader<ActorKind>('kind of actor', {
  operator: true,
  api_token: true,
  key_pair: true,
  gatehouse: true,
  endpoint: true,
  session: true,
});

/** Reads the outcome of an event. */
export const readAuditOutcome = reader<AuditOutcome>('outcome', { success: true, failure: true });

/** Reads an event of a webhook. */
export const readWebhookEvent = reader<WebhookEvent>('event', {
  'approval.requested': true,
  'approval.decided': true,
  'approval.expired': true,
  'approval.outdated': true,
  'approval.used': true,
});

/** Reads the format of a webhook. */
export const readWebhookFormat = reader<WebhookFormat>('format of a webhook', { standard: true, slack: true });

/** Reads the state of a delivery. */
export const readDeliveryStatus = reader<DeliveryStatus>('state of a delivery', {
  delivered: true,
  waiting: true,
  failed: true,
});
