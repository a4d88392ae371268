import { bodyOf } from './body.ts';
import type { BodyInputs } from './body-inputs.ts';
import { TOOL_BYTES, TooLarge, tooLarge, Unusable } from './errors.ts';
import { createHidden } from './hidden.ts';
import { inputsOf } from './inputs.ts';
import type { Naming } from './naming.ts';
import { type Node, nodeOf, stringsOf } from './nodes.ts';
import type { Site } from './operations.ts';
import { type Output, outputOf, redirectsOf } from './outputs.ts';
import { parametersOf } from './parameters.ts';
import { createConvert, type Reading } from './schema.ts';
import { serversOf } from './service.ts';
import { createSpread } from './spread.ts';
import { NO_INHERITANCE } from './subtypes.ts';
import type { BodyPlan, DerivedTool, DeriveOptions, JsonSchema, RequestPlan, Verb } from './types.ts';

/** A tool before its name. Sizes are bytes as JSON. */
export type Draft = {
  readonly site: Site;
  readonly tool: Omit<DerivedTool, 'name' | 'outputSchema'>;
  readonly size: number;
  readonly output: Output | null;
  readonly warnings: readonly string[];
};

/**
 * Makes tools of the operations of one document. A tool that is too large with the schemas that inherit from its own is
 * made without them, with a warning. Throws Unusable, with the reason, for an operation that gives no tool.
 */
export function createDraft(options: DeriveOptions, reading: Reading, naming: Naming): (site: Site) => Draft {
  const draft = draftWith(options, reading, naming);
  const plain = draftWith(options, { ...reading, inheritance: NO_INHERITANCE }, naming);
  return (site) => {
    try {
      return draft(site);
    } catch (error) {
      if (!(error instanceof TooLarge) || reading.inheritance === NO_INHERITANCE) {
        throw error;
      }
      const smaller = plain(site);
      return { ...smaller, warnings: [...smaller.warnings, WITHOUT_SUBTYPES] };
    }
  };
}

const WITHOUT_SUBTYPES =
  'It would be larger than 256 KiB with the schemas that inherit from others by a discriminator: any member is allowed in their place.';

function draftWith(options: DeriveOptions, reading: Reading, naming: Naming): (site: Site) => Draft {
  const { references } = reading;
  const convert = createConvert(reading, 'request');
  const convertXml = createConvert(reading, 'xml request');
  const convertAnswer = createConvert(reading, 'response');
  const spread = createSpread(reading, createHidden(references, 'readOnly'));
  const bodyInputs = ({ verb, operation }: Site): BodyInputs | null => {
    const hasBody = operation.requestBody !== undefined;
    return hasBody && canHaveBody(verb, nodeOf(references.follow(operation.requestBody).value))
      ? bodyOf({ references, convert, convertXml, spread }, operation.requestBody)
      : null;
  };
  return (site) => {
    const { verb, template, query, item, operation } = site;
    const description = descriptionOf(site, options);
    const parameters = parametersOf(references, convert, site);
    const body = bodyInputs(site);
    const inputs = inputsOf(references, body?.convert ?? convert, parameters, body);
    const redirects = redirectsOf(operation.responses);
    const [server] = serversOf(operation.servers ?? item.servers);
    const request: RequestPlan = {
      path: template,
      ...(query === '' ? {} : { query }),
      ...(server === undefined ? {} : { server }),
      parameters: parameters.map(({ plan }, index) => ({ argument: inputs.names[index] ?? '', ...plan })),
      ...(body === null ? {} : { body: body.plan(inputs.names.slice(parameters.length)) }),
      ...(redirects.length === 0 ? {} : { redirects }),
    };
    const identity = naming.identityOf(site, canBeRead(request.body));
    const tags = tagsOf(operation, identity, options);
    const rest = { ...identity, verb, tags, annotations: naming.annotationsOf(site, identity.method), request };
    const size = Buffer.byteLength(JSON.stringify({ description, ...rest, inputSchema: inputs.schema })) + inputs.bytes;
    references.spend(size / 16);
    if (size > TOOL_BYTES) {
      throw tooLarge();
    }
    const output = options.outputSchemas === 'none' ? null : outputOf(references, convertAnswer, operation.responses);
    return {
      site,
      tool: { description, ...rest, inputSchema: withDefinitions(inputs.schema, inputs.definitions) },
      size,
      output: output === null || size + output.bytes > TOOL_BYTES ? null : output,
      warnings: [...new Set([...inputs.warnings, ...(body?.warnings ?? [])])],
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

/** Throws Unusable for an operation without a text, unless such operations are included. */
function descriptionOf({ verb, path, item, operation }: Site, { undocumented }: DeriveOptions): string {
  const text =
    textsOf(operation) ?? textsOf(item) ?? (undocumented === 'include' ? madeUp(verb, path, operation) : null);
  if (text === null) {
    throw new Unusable('It has neither a summary nor a description.');
  }
  return operation.deprecated === true ? `Deprecated. ${text}` : text;
}

/** The summary and, where it says more, the description; null when there is neither. */
function textsOf(node: Node): string | null {
  const [summary, description] = [node.summary, node.description].map((text) =>
    typeof text === 'string' ? text.trim() : '',
  ) as [string, string];
  return (description.startsWith(summary) ? description : `${summary}\n\n${description}`).trim() || null;
}

function madeUp(verb: Verb, path: string, { operationId }: Node): string {
  const id = typeof operationId === 'string' ? operationId.trim() : '';
  return id === '' ? `${verb} ${path}` : `${id} (${verb} ${path})`;
}

function tagsOf(operation: Node, { resource, method }: { resource: string; method: string }, options: DeriveOptions) {
  const added = [resource, `${resource}.${method}`].flatMap((key) => {
    const tags = options.toolTags ?? {};
    return Object.hasOwn(tags, key) ? (tags[key] ?? []) : [];
  });
  return [...new Set([...stringsOf(operation.tags), ...added])];
}

/** Whether a request that only reads can have such a body: criteria in JSON or a form, never a file or a document. */
const canBeRead = (body: BodyPlan | undefined): boolean =>
  body === undefined ||
  body.kind === 'json' ||
  body.kind === 'form' ||
  (body.kind === 'root' && body.encoding === 'json');

const withDefinitions = (schema: Node, definitions: Node): JsonSchema =>
  Object.keys(definitions).length === 0 ? schema : { ...schema, $defs: definitions };
