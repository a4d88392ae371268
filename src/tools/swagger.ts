import { upgradeFromTwoToThree } from '@scalar/openapi-upgrader/2.0-to-3.0';
import { DocumentError } from './errors.ts';
import { arrayOf, isNode, type Node, nodeOf, stringsOf, textOf } from './nodes.ts';
import { VERBS } from './types.ts';

/** Values of a document, each of them counted in every place where an alias of YAML puts it. */
const MAX_VALUES = 1_000_000;
/** Levels of objects and lists in each other. */
const MAX_LEVELS = 500;

/** Whether a document is Swagger 2.0; YAML reads the version as a number. */
export const isSwagger2 = (document: unknown): boolean => /^2(\.0)?$/.test(textOf(nodeOf(document).swagger));

/**
 * Converts a Swagger 2.0 document to OpenAPI 3.0. The parts that make no tools are left out: examples, and headers of
 * answers. Throws a DocumentError for a document with too many values, or too deep ones.
 *
 * The library changes what it is given, expects a flawless document, and does not know all places of body parameters: so
 * it gets a copy that has no flaws of this kind, and in which every operation has its own parameters.
 */
export const convertSwagger = (document: Node): Node => upgradeFromTwoToThree(prepared(document)) as unknown as Node;

function prepared(document: Node): Record<string, unknown> {
  const copy = createCopy();
  const parameters = nodeOf(document.parameters);
  const items = Object.entries(nodeOf(document.paths)).map(([path, item]) => [
    path,
    isNode(item) ? pathItem(item, parameters, copy) : false,
  ]);
  const parts = {
    info: nodeOf(document.info),
    definitions: nodeOf(document.definitions),
    responses: Object.fromEntries(
      Object.entries(nodesIn(document.responses)).map(([name, one]) => [name, response(one)]),
    ),
    securityDefinitions: nodesIn(document.securityDefinitions),
    ...(document.security === undefined ? {} : { security: document.security }),
  };
  return {
    swagger: '2.0',
    ...(copy(parts, 0) as Node),
    ...serverOf(document),
    ...mediaTypes(document),
    ...(isNode(document.paths) ? { paths: Object.fromEntries(items) } : {}),
  };
}

/** The first server counts, so a secure one comes first; without a scheme it is the one of the document, or HTTPS. */
function serverOf({ host, basePath, schemes }: Node): Node {
  const given = stringsOf(schemes).filter((scheme) => scheme === 'https' || scheme === 'http');
  return {
    ...(typeof host === 'string' && host !== ''
      ? { host, schemes: given.length === 0 ? ['https'] : given.toSorted().toReversed() }
      : {}),
    ...(typeof basePath === 'string' ? { basePath } : {}),
  };
}

function mediaTypes(node: Node): Node {
  const [consumes, produces] = [stringsOf(node.consumes), stringsOf(node.produces)];
  return { ...(consumes.length > 0 ? { consumes } : {}), ...(produces.length > 0 ? { produces } : {}) };
}

type Copy = (value: unknown, level: number) => unknown;

function pathItem(item: Node, shared: Node, copy: Copy): Node {
  const { parameters, ...rest } = item;
  const operations = VERBS.map((verb) => verb.toLowerCase())
    .filter((verb) => rest[verb] !== undefined)
    .map((verb) => {
      const operation = rest[verb];
      return [verb, isNode(operation) ? copy(prepareOperation(operation, parameters, shared), 0) : false];
    });
  return {
    ...(typeof rest.$ref === 'string' ? { $ref: rest.$ref } : {}),
    ...Object.fromEntries(operations),
  };
}

function prepareOperation(operation: Node, ofPath: unknown, shared: Node): Node {
  const { consumes: _, produces: __, parameters, responses, ...rest } = operation;
  const all = new Map<string, Node>();
  for (const entry of [...arrayOf(ofPath), ...arrayOf(parameters)].filter(isNode)) {
    const target = targetOf(entry, shared);
    const parameter = { ...target, in: textOf(target.in) || 'nowhere' };
    const key = parameter.in === 'body' ? 'body' : `${parameter.in} ${textOf(target.name)}`;
    all.set(key, parameter.in === 'formData' ? formParameter(parameter) : parameter);
  }
  const answers = Object.entries(nodesIn(responses)).map(([status, one]) => [status, response(one)] as const);
  return {
    ...rest,
    ...mediaTypes(operation),
    parameters: [...all.values()],
    ...(answers.length > 0 ? { responses: Object.fromEntries(answers) } : {}),
  };
}

/** The parameter that an entry refers to; the entry itself where there is none, so that its reference is reported. */
function targetOf(entry: Node, shared: Node): Node {
  const name = /^#\/parameters\/(.+)$/.exec(textOf(entry.$ref))?.[1]?.replaceAll('~1', '/').replaceAll('~0', '~');
  return name !== undefined && Object.hasOwn(shared, name) ? nodeOf(shared[name]) : entry;
}

/** Lists in forms are joined with commas unless the document says otherwise, which the library does only for queries. */
const formParameter = (parameter: Node): Node =>
  parameter.type === 'array' && parameter.collectionFormat === undefined
    ? { ...parameter, collectionFormat: 'csv' }
    : parameter;

const response = ({ examples: _, headers: __, ...rest }: Node): Node => rest;

const nodesIn = (value: unknown): Readonly<Record<string, Node>> =>
  Object.fromEntries(Object.entries(nodeOf(value)).filter((entry): entry is [string, Node] => isNode(entry[1])));

/** Copies values, so that no object stands in two places. Throws a DocumentError for too many or too deep ones. */
function createCopy(): Copy {
  let left = MAX_VALUES;
  const copy: Copy = (value, level) => {
    left -= 1;
    if (left < 0) {
      throw new DocumentError('The document contains more than a million values.');
    }
    if (level > MAX_LEVELS) {
      throw new DocumentError(`The document is nested deeper than ${MAX_LEVELS} levels.`);
    }
    if (Array.isArray(value)) {
      return value.map((item) => copy(item, level + 1));
    }
    return isNode(value)
      ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copy(item, level + 1)]))
      : value;
  };
  return copy;
}
