import type { Decision } from '../approvals/decision.ts';
import type { CalledService } from '../calls/service.ts';
import type { ApprovalPolicy } from '../contract/closed-words.ts';
import type { UsedServer } from '../runtime/connectable.ts';
import type { ServiceAccount } from '../store/accounts.ts';
import type { CataloguedTool } from '../store/catalogues.ts';
import type { Endpoint, EndpointConfig } from '../store/endpoints.ts';
import type { NamedTools } from './derived-tools.ts';
import type { ListUser, UsedToolList } from './tool-lists.ts';

/** What a token serves: an endpoint, and where its tools come from. */
export type Served = {
  readonly endpoint: Endpoint;
  readonly organizationId: string;
  readonly source: ServedService | ServedServer;
};

/** An endpoint over an OpenAPI service. Nobody is behind it whose session could be kept: every message stands alone. */
export type ServedService = {
  readonly kind: 'service';
  readonly account: ServiceAccount;
  readonly service: CalledService;
  readonly policy: ApprovalPolicy;
  readonly scope: EndpointConfig;
  /** All of the service, those that the scope hides too. */
  readonly tools: () => NamedTools | Promise<NamedTools>;
  /** What the endpoint shows of them. Rejects as `Lists.use` does. */
  readonly list: (user: ListUser) => Promise<UsedToolList>;
};

/** A tool as an endpoint shows it, and what happens when it is called. */
export type ViewedTool = CataloguedTool & Decision;

/** An endpoint over an MCP server. What is not in its scope does not exist. */
export type ServedServer = {
  readonly kind: 'server';
  readonly server: UsedServer;
  readonly scope: EndpointConfig;
  /** One of the tools that the runtime has seen, if the endpoint shows it. */
  readonly find: (tools: readonly CataloguedTool[], name: string) => ViewedTool | undefined;
  /** What the endpoint shows of the tools that the runtime has seen. Rejects as `Lists.use` does. */
  readonly list: (tools: readonly CataloguedTool[], user: ListUser) => Promise<UsedToolList>;
};
