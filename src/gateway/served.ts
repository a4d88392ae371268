import type { Decision } from '../approvals/decision.ts';
import type { CalledService } from '../calls/service.ts';
import type { ApprovalRule } from '../contract/approval-policies.ts';
import type { UsedServer } from '../runtime/connectable.ts';
import type { ServiceAccount } from '../store/accounts.ts';
import type { CataloguedTool } from '../store/catalogues.ts';
import type { Endpoint, EndpointConfig } from '../store/endpoints.ts';
import type { ToolApproval } from '../store/tool-approvals.ts';
import type { NamedTools } from './derived-tools.ts';
import type { ShownTools } from './shown-tools.ts';

/** The endpoint of a token, and the source of its tools. */
export type Served = {
  readonly endpoint: Endpoint;
  readonly organizationId: string;
  readonly source: ServedService | ServedServer;
};

/** An endpoint over an OpenAPI service. It has no sessions: every message stands alone. */
export type ServedService = {
  readonly kind: 'service';
  readonly account: ServiceAccount;
  readonly service: CalledService;
  readonly rule: ApprovalRule;
  /** The tool approvals of the account, expired ones too. */
  readonly approvals: readonly ToolApproval[];
  /** The time limit of a whole call, in milliseconds. */
  readonly timeoutMs: number;
  readonly scope: EndpointConfig;
  /** All tools of the service, including hidden ones. */
  readonly tools: () => NamedTools | Promise<NamedTools>;
  readonly shown: ShownTools;
};

/** A tool that an endpoint shows, with the decision about its calls. */
export type ViewedTool = CataloguedTool & Decision;

/** An endpoint over an MCP server. Tools outside its scope do not exist for it. */
export type ServedServer = {
  readonly kind: 'server';
  readonly server: UsedServer;
  readonly scope: EndpointConfig;
  /** Finds a tool among those of the runtime, if the endpoint shows it. */
  readonly find: (tools: readonly CataloguedTool[], name: string) => ViewedTool | undefined;
  /** Returns the tools of the runtime that the endpoint shows. */
  readonly shown: (tools: readonly CataloguedTool[]) => ShownTools;
};
