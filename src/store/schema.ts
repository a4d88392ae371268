/**
 * The tables as Kysely sees them, the same on both engines. Times are milliseconds since the epoch, booleans are
 * 0 or 1, JSON is text. Columns that hold a sealed value say so.
 */
export type Database = {
  settings: { key: string; value: string };
  secret_keys: { key_id: string; canary: string };
  organizations: {
    id: string;
    name: string;
    server_count: number;
    version: number;
    created_at: number;
    updated_at: number;
  };
  /** The usage of each organization for the quotas. Only triggers write it. */
  organization_usage: { organization_id: string; resource: string; used: number };
  api_tokens: {
    id: string;
    organization_id: string;
    name: string;
    permissions: string;
    token_hash: string;
    prefix: string;
    expires_at: number | null;
    last_used_at: number | null;
    created_at: number;
  };
  key_pairs: {
    id: string;
    organization_id: string;
    name: string;
    permissions: string;
    key_hash: string;
    secret_hash: string;
    prefix: string;
    expires_at: number | null;
    last_used_at: number | null;
    created_at: number;
  };
  /** Everybody whose claim has a value, as an OpenID provider says. */
  members: {
    id: string;
    claim: string;
    value: string;
    organization_id: string | null;
    permissions: string;
    created_at: number;
  };
  session_members: { session_id: string; member_id: string };
  /** People who are signed in. */
  sessions: {
    id: string;
    token_hash: string;
    /** The kind and the id of the credentials that name the person. */
    subject: string;
    name: string;
    organization_id: string | null;
    key_pair_id: string | null;
    api_token_id: string | null;
    /** Empty where the operator needs no token; null where the session is not the operator's. */
    operator_token_hash: string | null;
    /** Of how many members the session came: it ends when one of them is gone. */
    member_count: number;
    expires_at: number;
    last_used_at: number;
    created_at: number;
  };
  servers: {
    id: string;
    organization_id: string;
    name: string;
    description: string | null;
    url: string;
    transport: string;
    /** Sealed JSON, context `servers.request_headers:<id>`. */
    request_headers: string;
    approval_policy: string;
    tags: string;
    search_text: string;
    timeout_seconds: number | null;
    required_approvals: number;
    version: number;
    created_at: number;
    updated_at: number;
  };
  /** How each server was when the gateway last used it. */
  server_health: {
    server_id: string;
    organization_id: string;
    since: number;
    /** Null if it can be used. */
    last_error: string | null;
  };
  /** The operator's servers. */
  shared_servers: {
    id: string;
    slug: string;
    name: string;
    enabled: number;
    /** The name in the config; no two that are enabled have the same. */
    mcp_name: string;
    /** Sealed JSON, context `shared_servers.config:<id>`. */
    config: string;
    shared_with_all: number;
    version: number;
    created_at: number;
    updated_at: number;
  };
  /** The catalogues of servers and shared servers. `tools` is compressed. */
  server_catalogues: {
    server_id: string;
    tools: Uint8Array | null;
    seen_at: number | null;
    pins: string | null;
    /** Null for shared servers. */
    organization_id: string | null;
  };
  /** Decisions of people about tools of accounts; a server is an account under its own id. */
  tool_approvals: {
    organization_id: string;
    account_id: string;
    tool_name: string;
    approval_hash: string;
    auto_approve: number;
    created_at: number;
    expires_at: number | null;
    /** JSON; null if it is unknown, or too large to keep. */
    definition: string | null;
  };
  /** Calls that wait for a person, or have waited. */
  approval_requests: {
    id: string;
    organization_id: string;
    status: string;
    endpoint_id: string;
    endpoint_name: string;
    account_id: string;
    /** Null for an account of an integration. */
    server_id: string | null;
    server_name: string;
    client_name: string | null;
    client_version: string | null;
    tool_name: string;
    definition_hash: string;
    arguments_digest: string;
    arguments_bytes: number;
    /** The bytes that count towards the maxima of the organization. */
    held_bytes: number;
    approval_policy: string;
    reason: string;
    decision_version: string;
    required_approvals: number;
    /** The hash of endpoint, account, tool and arguments. */
    call_hash: string;
    created_at: number;
    expires_at: number;
    /** When the status `pending` or `approved` ends by itself; null for all others. */
    due_at: number | null;
    decided_at: number | null;
    usable_until: number | null;
    used_at: number | null;
    /** When a status was reached that nothing can change; null for `pending` and `approved`. */
    ended_at: number | null;
    outcome: string | null;
    /** How often the client has answered questions of the server in the course of the approved call. */
    unseen_rounds: number;
  };
  /** What a person sees of a call that waits: it can be large. */
  approval_contents: {
    request_id: string;
    definition: string;
    /** JSON of the definition that a tool approval is for; null unless it is another one. */
    pinned_definition: string | null;
    /** Sealed JSON, context `approval_requests.arguments:<id>`. */
    arguments: string | null;
  };
  approval_decisions: {
    request_id: string;
    approver_kind: string;
    approver_id: string;
    approver_name: string;
    decision: string;
    reason: string | null;
    at: number;
  };
  /** What has happened to approval requests within the last day. */
  approval_events: {
    id: string;
    organization_id: string;
    /** Counts the events of the organization, without gaps, in the order of their commits. */
    number: number;
    type: string;
    /** JSON. */
    payload: string;
    at: number;
  };
  /** The last event of each organization, which may be deleted already. */
  approval_event_heads: {
    organization_id: string;
    number: number;
    event_id: string;
  };
  audit_events: {
    id: string;
    at: number;
    actor_kind: string;
    actor_id: string | null;
    actor_name: string;
    organization_id: string | null;
    action: string;
    target_kind: string;
    target_id: string;
    outcome: string;
    details: string;
  };
  tool_calls: {
    id: string;
    at: number;
    organization_id: string;
    endpoint_id: string;
    endpoint_name: string;
    /** `<account id>/<name>`. */
    tool: string;
    duration_ms: number;
    request_bytes: number;
    response_bytes: number;
    /** Null for a success. */
    reason: string | null;
    /** JSON as text; null where it is not kept. */
    arguments: string | null;
    arguments_cut: number;
  };
  /** The tool calls of each organization, counted by days (UTC). */
  call_days: { organization_id: string; day: number; calls: number; failures: number };
  integrations: {
    id: string;
    organization_id: string;
    name: string;
    base_url: string | null;
    tool_tags: string;
    approval_policy: string;
    tool_count: number;
    tools_bytes: number | null;
    skipped: string;
    warnings: string;
    service: string;
    timeout_seconds: number | null;
    output_schemas: string;
    naming: number;
    undocumented: string;
    required_approvals: number;
    version: number;
    created_at: number;
    updated_at: number;
  };
  integration_contents: {
    integration_id: string;
    document: Uint8Array;
    tools: Uint8Array;
    selectors: string;
    organization_id: string;
  };
  /**
   * Accounts of services, of servers, and of a shared server in each organization that it is shared with: the id is
   * unique within the organization. Columns that `servers` or `shared_servers` hold are null here.
   */
  accounts: {
    organization_id: string;
    id: string;
    /** Same as the id; null for all but servers. */
    server_id: string | null;
    /** Same as the id; null for all but shared servers. */
    shared_server_id: string | null;
    /** Null for servers of both kinds. */
    integration_id: string | null;
    tenant_id: string | null;
    authentication_method: string;
    /** Sealed JSON, context `accounts.context:<id>`. */
    context: string | null;
    is_by_operation: number | null;
    has_fixed_values: number | null;
    status: string;
    version: number | null;
    created_at: number;
    updated_at: number | null;
  };
  endpoints: {
    id: string;
    organization_id: string;
    account_id: string;
    name: string;
    config: string;
    token_hash: string;
    expires_at: number | null;
    created_by: string;
    version: number;
    created_at: number;
    updated_at: number;
  };
  webhooks: {
    id: string;
    organization_id: string;
    /** Sealed, context `webhooks.url:<id>`. */
    url: string;
    events: string;
    format: string;
    include_arguments: number;
    enabled: number;
    disabled_reason: string | null;
    /** Sealed, context `webhooks.secret:<id>`. */
    secret: string;
    /** Sealed, context `webhooks.previous_secret:<id>`. */
    previous_secret: string | null;
    previous_secret_until: number | null;
    /** The number of events that are not told yet. */
    waiting: number;
    /** The first failure since the last success. */
    failing_since: number | null;
    last_delivery: string | null;
    version: number;
    created_at: number;
    updated_at: number;
  };
  /** Events that are not told yet, one row for each webhook. */
  webhook_deliveries: {
    id: string;
    organization_id: string;
    webhook_id: string;
    /** The same for all webhooks, and for all tries. */
    event_id: string;
    type: string;
    payload: string;
    /** The request whose arguments belong to the event; null for events that are about none. */
    approval_request_id: string | null;
    tries: number;
    due_at: number;
    claimed_by: string | null;
    claimed_until: number | null;
    fence: number;
  };
};
