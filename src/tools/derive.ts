import { type BodyInputs, bodyOf } from './body.ts';
import { DocumentError, TOOL_BYTES, tooLarge, Unusable } from './errors.ts';
import { createHidden } from './hidden.ts';
import { inputsOf } from './inputs.ts';
import { finalNames, identityOf, plainName } from './names.ts';
import { type Node, nodeOf, type References, referencesIn, stringsOf, textOf } from './nodes.ts';
import { checkDocument, operationsOf, type Site } from './operations.ts';
import { outputOf } from './outputs.ts';
import { parametersOf } from './parameters.ts';
import { readDocument } from './read.ts';
import { createConvert } from './schema.ts';
import { securityOf, serversOf } from './service.ts';
import { createSpread } from './spread.ts';
import type { Annotations, Derivation, DerivedTool, DeriveOptions, JsonSchema, RequestPlan, Verb } from './types.ts';

/** Bytes of all tools of a document as JSON. */
const ALL_BYTES = 32 * 1024 * 1024;

/** A tool before its name. Sizes are bytes as JSON. */
type Draft = {
  readonly site: Site;
  readonly tool: Omit<DerivedTool, 'name' | 'outputSchema'>;
  readonly size: number;
  readonly output: { readonly schema: JsonSchema; readonly size: number } | null;
};

/**
 * Derives tools from an OpenAPI 3.0 or 3.1 document in JSON or YAML, and facts about its service. Pure: the same
 * document and options give the same result, and a tool's name does not depend on the order of the operations.
 *
 * Operations that give no tool are listed as skipped, with the reason. Throws a DocumentError, with the place, if the
 * document as a whole is unusable. Follows `$ref`s only inside the document. Leaves out an output schema that would
 * make its tool larger than 256 KiB, and all output schemas if the tools would be larger than 32 MiB.
 */
export function derive(source: Uint8Array | string, options: DeriveOptions): Derivation {
  const document = checkDocument(readDocument(source));
  const references = referencesIn(document);
  const draft = createDraft(options, references, /^3\.1/.test(textOf(document.openapi)));
  const { sites, broken } = operationsOf(document, references);
  const skipped = [...broken];
  const skip = ({ verb, path }: Site, reason: string): void => {
    skipped.push({ operation: `${verb} ${path}`, reason });
  };
  const drafts: Draft[] = [];
  let size = 0;
  let outputSize = 0;
  for (const site of sites) {
    try {
      const next = draft(site);
      size += next.size;
      outputSize += next.output?.size ?? 0;
      // What was too much once is so for good: nothing is kept of it.
      drafts.push(size + outputSize > ALL_BYTES ? { ...next, output: null } : next);
    } catch (error) {
      if (!(error instanceof Unusable)) {
        throw error;
      }
      skip(site, error.message);
    }
    if (size > ALL_BYTES) {
      throw new DocumentError('The tools of the document would be larger than 32 MiB.', '/paths');
    }
  }
  const withOutputs = size + outputSize <= ALL_BYTES;
  const names = finalNames(drafts.map(({ site, tool }) => ({ ...site, plain: plainName(options.integration, tool) })));
  const tools = drafts.flatMap(({ site, tool, output }, index) => {
    const name = names[index] ?? null;
    if (name === null) {
      skip(site, 'Its name is taken by another operation.');
      return [];
    }
    return [{ name, ...tool, ...(output !== null && withOutputs ? { outputSchema: output.schema } : {}) }];
  });
  const { title } = nodeOf(document.info);
  return {
    title: typeof title === 'string' ? title : '',
    servers: serversOf(document.servers),
    security: securityOf(references, document),
    tools,
    skipped,
    warnings: [],
  };
}

function createDraft(options: DeriveOptions, references: References, siblings: boolean): (site: Site) => Draft {
  const convert = createConvert(references, 'request', siblings);
  const convertAnswer = createConvert(references, 'response', siblings);
  const spread = createSpread(references, createHidden(references, 'readOnly'), siblings);
  const bodyInputs = ({ verb, operation }: Site): BodyInputs | null => {
    const hasBody = operation.requestBody !== undefined;
    return hasBody && canHaveBody(verb, nodeOf(references.follow(operation.requestBody).value))
      ? bodyOf({ references, convert, spread }, operation.requestBody)
      : null;
  };
  return (site) => {
    const { verb, path, item, operation, hasPatch } = site;
    const description = descriptionOf(operation) ?? descriptionOf(item);
    if (description === null) {
      throw new Unusable('It has neither a summary nor a description.');
    }
    const parameters = parametersOf(references, convert, path, item, operation);
    const body = bodyInputs(site);
    const inputs = inputsOf(references, convert, [...parameters, ...(body?.inputs ?? [])], body?.rest ?? null);
    const [server] = serversOf(operation.servers ?? item.servers);
    const request: RequestPlan = {
      path,
      ...(server === undefined ? {} : { server }),
      parameters: parameters.map(({ plan }, index) => ({ argument: inputs.names[index] ?? '', ...plan })),
      ...(body === null ? {} : { body: body.plan(inputs.names.slice(parameters.length)) }),
    };
    const identity = identityOf(verb, path, hasPatch, operation.operationId);
    const tags = tagsOf(operation, identity, options);
    const rest = { ...identity, verb, tags, annotations: annotationsOf(verb), request };
    const size = Buffer.byteLength(JSON.stringify({ description, ...rest, inputSchema: inputs.schema })) + inputs.bytes;
    references.spend(size / 16);
    if (size > TOOL_BYTES) {
      throw tooLarge();
    }
    const output = outputOf(references, convertAnswer, operation.responses);
    return {
      site,
      tool: { description, ...rest, inputSchema: withDefinitions(inputs.schema, inputs.definitions) },
      size,
      output:
        output === null || size + output.bytes > TOOL_BYTES
          ? null
          : { schema: withDefinitions(output.schema, output.definitions), size: output.bytes },
    };
  };
}

/** HTTP clients send no body with these; a required one makes the operation unusable. */
function canHaveBody(verb: Verb, body: Node): boolean {
  const can = !['GET', 'HEAD', 'TRACE'].includes(verb);
  if (!can && body.required === true) {
    throw new Unusable(`It requires a body, which HTTP clients do not send with ${verb}.`);
  }
  return can;
}

/** The summary and, where it says more, the description; null when there is neither. */
function descriptionOf(node: Node): string | null {
  const [summary, description] = [node.summary, node.description].map((text) =>
    typeof text === 'string' ? text.trim() : '',
  ) as [string, string];
  return (description.startsWith(summary) ? description : `${summary}\n\n${description}`).trim() || null;
}

function tagsOf(operation: Node, { resource, method }: { resource: string; method: string }, options: DeriveOptions) {
  const added = [resource, `${resource}.${method}`].flatMap((key) => {
    const tags = options.toolTags ?? {};
    return Object.hasOwn(tags, key) ? (tags[key] ?? []) : [];
  });
  return [...new Set([...stringsOf(operation.tags), ...added])];
}

function annotationsOf(verb: Verb): Annotations {
  return {
    ...(verb === 'GET' ? { readOnlyHint: true } : {}),
    ...(verb === 'DELETE' ? { destructiveHint: true } : {}),
    ...(verb === 'PUT' ? { idempotentHint: true } : {}),
  };
}

const withDefinitions = (schema: Node, definitions: Node): JsonSchema =>
  Object.keys(definitions).length === 0 ? schema : { ...schema, $defs: definitions };
