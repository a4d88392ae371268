import type { components } from '../../generated/api.ts';
import { formatInstant } from '../base/instants.ts';
import { formsFor } from '../calls/scheme-credentials.ts';
import { calledServiceOf } from '../calls/service.ts';
import type { Handlers } from '../contract/operations.ts';
import type { Deps } from '../deps.ts';
import { etag, parseIfMatch } from '../http/etag.ts';
import type * as store from '../store/integrations.ts';
import type { ListPart } from '../store/keyset.ts';
import { tokensOf } from '../tools/size.ts';
import type { SecurityFact } from '../tools/types.ts';
import type { DocumentSource } from './documents.ts';
import {
  createIntegration,
  deleteIntegration,
  getIntegration,
  type IntegrationFields,
  listIntegrations,
  updateIntegration,
} from './integrations.ts';
import { previewTools } from './previews.ts';
import type { RenamedTool } from './renamed-tools.ts';
import { apiTokenOf, invalidField, listPage } from './wire.ts';

type IntegrationOperations =
  | 'listIntegrations'
  | 'createIntegration'
  | 'getIntegration'
  | 'updateIntegration'
  | 'deleteIntegration'
  | 'listIntegrationTools';

/** The number of rows that are read at once: each may have 256 KiB of tags. */
const SLICE_ROWS = 10;

/** Creates the handlers of integrations (Accounts API). Answers never contain the document. */
export const integrationHandlers = (deps: Deps): Handlers<IntegrationOperations> => ({
  listIntegrations: async ({ query, caller }, respond) => {
    const holder = apiTokenOf(caller);
    const read = (part: ListPart) => listIntegrations(deps, holder, part);
    return respond(200, await listPage(holder.organizationId, query, read, toWire, SLICE_ROWS));
  },

  createIntegration: async ({ body, caller }, respond) => {
    const { name, base_url = null, tool_tags = {}, approval_policy = deps.integrationPolicy } = body;
    const {
      timeout_seconds: timeoutSeconds = null,
      output_schemas: outputSchemas = 'loose',
      undocumented = 'skip',
      required_approvals: requiredApprovals = 1,
    } = body;
    const fields = {
      name,
      baseUrl: base_url,
      toolTags: tool_tags,
      approvalPolicy: approval_policy,
      timeoutSeconds,
      outputSchemas,
      undocumented,
      naming: 2 as const,
      requiredApprovals,
    };
    const source = sourceOf(body);
    if (source === null) {
      throw invalidField('body.document', 'is required, or document_url in its place');
    }
    const integration = await createIntegration(deps, apiTokenOf(caller), fields, source);
    const headers = { Location: `/integration/${integration.id}`, ETag: etag(integration.version) };
    return respond(201, toWire(integration), headers);
  },

  getIntegration: async ({ params, caller }, respond) => {
    const integration = await getIntegration(deps, apiTokenOf(caller), params.id);
    return respond(200, toWire(integration), { ETag: etag(integration.version) });
  },

  updateIntegration: async ({ params, headers, body, caller }, respond) => {
    const { name, base_url, tool_tags, approval_policy, timeout_seconds, output_schemas, undocumented, naming } = body;
    const { required_approvals } = body;
    const changes: Partial<IntegrationFields> = {
      ...(name !== undefined && { name }),
      ...(base_url !== undefined && { baseUrl: base_url }),
      ...(tool_tags !== undefined && { toolTags: tool_tags }),
      ...(approval_policy !== undefined && { approvalPolicy: approval_policy }),
      ...(timeout_seconds !== undefined && { timeoutSeconds: timeout_seconds }),
      ...(output_schemas !== undefined && { outputSchemas: output_schemas }),
      ...(undocumented !== undefined && { undocumented }),
      ...(naming !== undefined && { naming }),
      ...(required_approvals !== undefined && { requiredApprovals: required_approvals }),
    };
    const source = sourceOf(body);
    const expected = parseIfMatch(headers['if-match']);
    const updated = await updateIntegration(deps, apiTokenOf(caller), params.id, changes, source, expected);
    const { integration, renamed } = updated;
    return respond(
      200,
      { ...toWire(integration), renamed: renamed.map(toRenamed) },
      { ETag: etag(integration.version) },
    );
  },

  deleteIntegration: async ({ params, headers, caller }, respond) => {
    await deleteIntegration(deps, apiTokenOf(caller), params.id, parseIfMatch(headers['if-match']));
    return respond(200, { id: params.id });
  },

  listIntegrationTools: async ({ params, query, caller, memory }, respond) => {
    return respond(200, { result: await previewTools(deps, apiTokenOf(caller), params.id, query, memory) });
  },
});

/** Returns the source of the document: the bytes in the body (`x-opaque`), or a URL; null for neither. */
function sourceOf({ document, document_url }: { document?: unknown; document_url?: string }): DocumentSource | null {
  if (document !== undefined && document_url !== undefined) {
    throw invalidField('body.document_url', 'give document or document_url, not both');
  }
  if (document_url !== undefined) {
    return { url: document_url };
  }
  return document === undefined ? null : { bytes: document as Uint8Array };
}

function toWire(integration: store.Integration): components['schemas']['Integration'] {
  const { baseUrl, variables, security } = calledServiceOf(integration);
  return {
    id: integration.id,
    name: integration.name,
    base_url: baseUrl,
    tool_tags: integration.toolTags,
    approval_policy: integration.approvalPolicy,
    timeout_seconds: integration.timeoutSeconds,
    tool_count: integration.toolCount,
    tools_bytes: integration.toolsBytes,
    tools_tokens: integration.toolsBytes === null ? null : tokensOf(integration.toolsBytes),
    skipped: integration.skipped,
    warnings: integration.warnings,
    created_at: formatInstant(integration.createdAt),
    updated_at: formatInstant(integration.updatedAt),
    output_schemas: integration.outputSchemas,
    naming: integration.naming,
    undocumented: integration.undocumented,
    required_approvals: integration.requiredApprovals,
    security_schemes: security.map(toScheme),
    server_variables: Object.entries(variables).map(([name, { default: value, enum: values }]) => ({
      name,
      default: value ?? null,
      values: [...(values ?? [])],
    })),
  };
}

const toScheme = (fact: SecurityFact): components['schemas']['SecurityScheme'] => ({
  name: fact.scheme,
  type: fact.type === 'clientCredentials' ? 'oauth2' : fact.type,
  takes: formsFor(fact),
  in: fact.type === 'apiKey' ? fact.in : null,
  parameter: fact.type === 'apiKey' ? fact.name : null,
  token_url: fact.type === 'clientCredentials' ? fact.tokenUrl : null,
  scopes: fact.type === 'clientCredentials' ? [...fact.scopes] : [],
});

const toRenamed = ({ oldName, oldMethod, ...rest }: RenamedTool): components['schemas']['RenamedTool'] => ({
  ...rest,
  old_name: oldName,
  old_method: oldMethod,
});
