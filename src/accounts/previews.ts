import type { components } from '../../generated/api.ts';
import type { AccountsCaller } from '../base/caller.ts';
import type { MemoryScope } from '../base/memory-scope.ts';
import { authoriserOf } from '../calls/authorise.ts';
import { calledServiceOf } from '../calls/service.ts';
import type { Deps } from '../deps.ts';
import { makeList } from '../http/make-list.ts';
import { hashDefinition } from '../runtime/hash-definition.ts';
import type { ServerAccount } from '../store/accounts.ts';
import * as integrations from '../store/integrations.ts';
import type { Db } from '../store/store.ts';
import { bodyArgumentsOf } from '../tools/body-arguments.ts';
import { readTools } from '../tools/packed.ts';
import { matches, type Scope, selectTools } from '../tools/scope.ts';
import { resourceOf } from '../tools/server-tools.ts';
import { definitionOf } from '../tools/tool-definition.ts';
import type { DerivedTool, JsonSchema } from '../tools/types.ts';
import { findAccount, findIntegrationOf } from './accounts.ts';
import { findIntegration } from './integrations.ts';
import { type ListedTool, readListedTools } from './listed-tools.ts';

type ToolPreview = components['schemas']['ToolPreview'];

/**
 * Lists the tools of an integration that a scope selects, in the order of the document, as an endpoint would serve
 * them. Throws `not_found`, OverBudget and QueueFull.
 */
export async function previewTools(
  { store: { read } }: Deps,
  caller: AccountsCaller,
  integrationId: string,
  scope: Scope,
  memory: MemoryScope,
): Promise<ToolPreview[]> {
  const { id } = await findIntegration(read, caller, integrationId);
  return previewDerivedTools(read, id, scope, memory);
}

/** Tools that an account may not call: their names, and why. */
type LeftOut = components['schemas']['AccountToolPreviewList']['left_out'];
/** The maximum number of these in an answer. */
const MAX_LEFT_OUT_TOOLS = 1000;
const HELPLESS = 'The account has no credential for any operation of the document, so no tool is left out.';

/**
 * Lists the tools of an account that a scope selects, and those that are left out because the account has no credential
 * for them. Throws `not_found`, OverBudget and QueueFull.
 */
export async function previewAccountTools(
  { store: { read } }: Deps,
  caller: AccountsCaller,
  id: string,
  scope: Scope,
  memory: MemoryScope,
): Promise<components['schemas']['AccountToolPreviewList']> {
  const account = await findAccount(read, caller, id);
  if (account.kind === 'server') {
    return { result: await previewServerTools(read, account, scope, memory), left_out: [], warnings: [] };
  }
  const authoriser = authoriserOf(account, calledServiceOf(await findIntegrationOf(read, account)));
  const leftOut: LeftOut = [];
  const mayCall = ({ name, request }: DerivedTool): boolean => {
    const found = authoriser.of(request);
    if (found.kind === 'refused' && leftOut.length < MAX_LEFT_OUT_TOOLS) {
      leftOut.push({ name, reason: found.reason });
    }
    return found.kind !== 'refused';
  };
  const result = await previewDerivedTools(read, account.integrationId, scope, memory, mayCall);
  return { result, left_out: leftOut, warnings: authoriser.isHelpless ? [HELPLESS] : [] };
}

function previewDerivedTools(
  db: Db,
  integrationId: string,
  scope: Scope,
  memory: MemoryScope,
  mayCall = (_: DerivedTool): boolean => true,
): Promise<ToolPreview[]> {
  return makeList(memory, async function* () {
    const packed = await integrations.tools(db, integrationId);
    using lines = memory.hold('answers', 0);
    const room = (bytes: number) => lines.waitToResize(packed.length + bytes, memory.signal);
    for await (const tool of readTools(packed, room)) {
      memory.signal.throwIfAborted();
      if (matches(tool, scope) && mayCall(tool)) {
        yield preview(tool);
      }
    }
  });
}

/** Lists the last seen tools of a server; none if it has never listed any. */
function previewServerTools(db: Db, account: ServerAccount, scope: Scope, memory: MemoryScope): Promise<ToolPreview[]> {
  return makeList(memory, async function* () {
    using reading = memory.hold('answers', 0);
    const room = async (bytes: number): Promise<void> => {
      await reading.waitToResize(bytes, memory.signal);
      memory.signal.throwIfAborted();
    };
    for (const tool of selectTools((await readListedTools(db, account, room)) ?? [], scope)) {
      yield serverPreview(tool);
    }
  });
}

function serverPreview({ definition, hash, method, tags }: ListedTool): ToolPreview {
  const { name, description, inputSchema } = definition;
  const { required } = inputSchema as JsonSchema;
  return {
    resource: resourceOf(definition),
    method,
    name: String(name),
    description: isText(description) ? description : String(name),
    query_schema: { type: 'object', properties: {} },
    body_schema: inputSchema as JsonSchema,
    required: Array.isArray(required) ? required.filter(isText) : [],
    tags: [...tags],
    definition_hash: hash,
  };
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** Makes the preview of a tool: its flat arguments, separated by their place in the request. */
function preview(tool: DerivedTool): ToolPreview {
  const { resource, method, name, description, tags, inputSchema, request } = tool;
  const inBody = new Set(bodyArgumentsOf(request.body));
  const isInBody = (argument: string) => inBody.has(argument);
  return {
    resource,
    method,
    name,
    description,
    query_schema: part(inputSchema, (argument) => !isInBody(argument)),
    body_schema: part(inputSchema, isInBody),
    required: (inputSchema.required ?? []) as string[],
    tags: [...tags],
    definition_hash: hashDefinition(definitionOf(tool)),
  };
}

/** Returns a schema with only some of its properties. Definitions that they may refer to stay. */
function part(schema: JsonSchema, keep: (argument: string) => boolean): Record<string, unknown> {
  const properties = Object.entries((schema.properties ?? {}) as Record<string, unknown>).filter(([name]) =>
    keep(name),
  );
  const required = ((schema.required ?? []) as string[]).filter(keep);
  return {
    ...schema,
    properties: Object.fromEntries(properties),
    ...(schema.required !== undefined && { required }),
  };
}
