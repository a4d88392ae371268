import type { components } from '../../generated/api.ts';
import type { ChosenIds } from './seed-ids.ts';

type Schemas = components['schemas'];

/** A call of a tool through an endpoint. It may have the `id` that its approval request is to have if it waits. */
type CallSeed = { readonly id?: string; readonly name: string; readonly arguments?: Readonly<Record<string, unknown>> };
type EndpointSeed = Schemas['EndpointCreate'] & ChosenIds & { readonly calls?: readonly CallSeed[] };
type AccountSeed = Omit<Schemas['AccountCreate'], 'environment_integration_id'> & {
  readonly id?: string;
  readonly tool_approvals?: readonly Schemas['AccountToolApprovalCreate'][];
  readonly endpoints?: readonly EndpointSeed[];
};

/**
 * The objects of a sandbox, each as the body of the request that creates it, inside of the object that it belongs to. Each
 * may have the `id` that it is to have, in the form of its API, and an endpoint its `token`.
 */
export type SandboxData = {
  readonly servers?: readonly (Schemas['McpServerCreate'] & {
    readonly id?: string;
    readonly tool_approvals?: readonly Schemas['ToolApprovalCreate'][];
    readonly endpoints?: readonly EndpointSeed[];
  })[];
  readonly integrations?: readonly (Schemas['IntegrationCreate'] & {
    readonly id?: string;
    readonly accounts?: readonly AccountSeed[];
  })[];
  readonly shared_servers?: readonly (Schemas['SharedServerCreate'] & { readonly id?: string })[];
  readonly webhooks?: readonly (Schemas['WebhookCreate'] & { readonly id?: string })[];
  readonly members?: readonly (Schemas['MemberCreate'] & { readonly id?: string })[];
};

/** The token of the endpoint over the sandbox's own MCP server. */
export const CONTACTS_TOKEN = '4f1c5e0b6c2d4f8a9b3c5d7e9f0a1b2c';

/** Resources and tags that the scopes of the document's examples select. */
const CRM = {
  openapi: '3.1.0',
  info: { title: 'CRM', version: '1.0.0' },
  servers: [{ url: 'https://crm.example.com/v1' }],
  paths: Object.fromEntries(
    ['contacts', 'companies'].map((resource) => [
      `/${resource}`,
      {
        get: { summary: `List ${resource}`, tags: [resource, 'api'], responses: { 200: { description: 'Found.' } } },
        post: {
          summary: `Create one of the ${resource}`,
          tags: [resource, 'webhook'],
          responses: { 201: { description: 'Created.' } },
        },
      },
    ]),
  ),
};

/** The objects of the document's examples, and an endpoint over the sandbox's own MCP server, whose URL is given. */
export const examples = (contactsUrl: string): SandboxData => ({
  servers: [
    {
      id: 'mcp_8c180796-e6d7-4343-88b5-5df0846fef69',
      name: 'Updated Server Name',
      url: 'https://new-server-url.example.com',
      description: 'Updated description',
      approval_policy: 'auto_approve_read_only',
      transport: 'WebSocket',
      request_headers: { Authorization: 'Bearer new-token', 'User-Agent': 'MCP-Client/2.0' },
      tags: ['files'],
      timeout_seconds: 300,
      tool_approvals: [
        {
          tool_name: 'file_read',
          approval_hash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
          auto_approve: true,
        },
      ],
    },
    {
      id: 'mcp_4d1f0b52-8c3e-4a7a-9f21-6e4d3c2b1a10',
      name: 'Contacts',
      url: contactsUrl,
      approval_policy: 'auto_approve_read_only',
      tags: ['contacts'],
      endpoints: [
        {
          id: '3ca1f401-7183-47c5-9e39-e8e257e3c797',
          token: CONTACTS_TOKEN,
          name: 'Contacts',
          calls: [
            {
              id: 'apr_5f0c3a52-7d1e-4b8a-9c64-2e9b1f0d8a37',
              name: 'create_contact',
              arguments: { name: 'Grace Hopper', email: 'grace@example.com' },
            },
          ],
        },
      ],
    },
  ],
  integrations: [
    {
      id: '5d1f0a52-9c3e-4b7a-8f21-6e4d3c2b1a09',
      name: 'petstore',
      document: CRM,
      accounts: [
        {
          id: '1ba1f401-7183-47c5-9e39-e8e257e3c795',
          tenant_id: 'acme-1',
          authentication_method: 'api_key',
          context: { api_key: 'k3y' },
          tool_approvals: [
            {
              tool_name: 'create_a_petstore_contact',
              approval_hash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
              auto_approve: true,
              expires_at: '2099-12-31T23:59:59.000Z',
            },
          ],
          endpoints: [
            {
              id: '2ba1f401-7183-47c5-9e39-e8e257e3c796',
              name: 'Read-only HubSpot',
              config: { methods: ['list', 'get'], tags: ['contacts', 'companies'] },
            },
          ],
        },
      ],
    },
    { id: '6e2f1b63-ad4f-4c8b-9032-7f5e4d3c2b1a', name: 'without-accounts', document: CRM },
  ],
  // Disabled, for its address is an example.
  shared_servers: [
    {
      id: '3c90c3cc-0d44-4b50-8888-8dd25736052a',
      name: 'Company search',
      enabled: false,
      mcpServer: {
        name: 'search',
        transport: 'streamable_http',
        url: 'https://mcp.example.com/mcp',
        encoding: 'utf-8',
        timeoutSeconds: 30,
        sseReadTimeoutSeconds: 300,
        terminateOnClose: true,
      },
    },
  ],
  webhooks: [
    {
      id: 'whk_4a1d9c0e-6b7f-4c2a-9e35-2d8f60b1c7a4',
      url: 'https://hooks.example.com/services/T0/B0/x1',
      events: ['approval.expired'],
    },
  ],
  members: [
    {
      id: '7c1e9a63-0d4f-4c8b-9a32-7f5e4d3c2b10',
      claim: 'email',
      value: 'ada@example.com',
      organizationId: null,
      permissions: ['operator'],
    },
  ],
});
