import type { BodyInputs, BodyTools, Common } from './body-inputs.ts';
import { Unusable } from './errors.ts';
import { isBytes } from './members.ts';
import { followSchema, type Node, nodeOf, quote, type References } from './nodes.ts';
import { rootOf, textRoot } from './root-body.ts';
import { heldForm, spreadBody } from './spread-body.ts';

type Shape = 'json' | 'form' | 'multipart' | 'text' | 'bytes';
type Media = {
  readonly mediaType: string;
  readonly shape: Shape;
  readonly schema: unknown;
  readonly encoding: Node;
  /** One of its members is a file. */
  readonly holdsFile: boolean;
};
/** The kinds of body in order of preference. */
const PREFERENCE: readonly Shape[] = ['json', 'form', 'multipart', 'text', 'bytes'];

/**
 * Converts the request body of an operation, in the first media type that a tool can write: JSON, a form, multipart,
 * text (including XML), bytes. A form with files comes after multipart, which has a place for them. Of several JSON types, plain JSON comes first, then merge patches; JSON patches come last,
 * because documents give them the schema of the others. Members of objects become flat arguments. Any other body becomes
 * one argument called `body`, with bytes in base64. Throws Unusable if no media type is left.
 */
export function bodyOf(tools: BodyTools, requestBody: unknown): BodyInputs | null {
  const body = nodeOf(tools.references.follow(requestBody).value);
  const media = Object.entries(nodeOf(body.content)).map(([mediaType, value]): Media => {
    const { schema = {}, encoding } = nodeOf(value);
    const whole = nodeOf(followSchema(tools.references, schema).value);
    const holdsFile = Object.values(nodeOf(whole.properties)).some((member) => isBytes(nodeOf(member)));
    return { mediaType, shape: shapeOf(mediaType, isBytes(whole)), schema, encoding: nodeOf(encoding), holdsFile };
  });
  if (media.length === 0) {
    return null;
  }
  const said = typeof body.description === 'string' && body.description.trim() !== '' ? body.description : undefined;
  const ranked = media.toSorted((a, b) => rankOf(a) - rankOf(b));
  for (const each of ranked) {
    const inputs = mediaBody(tools, { mediaType: each.mediaType, required: body.required === true, said }, each);
    if (inputs !== null) {
      return inputs;
    }
  }
  const names = media.map(({ mediaType }) => quote(mediaType)).join(', ');
  throw new Unusable(`Its body (${names}) is not an object, so it cannot be written as a form.`);
}

function mediaBody(tools: BodyTools, common: Common, { shape, schema, encoding }: Media): BodyInputs | null {
  switch (shape) {
    case 'text':
      return textRoot(tools, common, schema);
    case 'bytes':
      return rootOf(tools.convert, common, 'base64', { type: 'string', contentEncoding: 'base64' });
    case 'json': {
      const spread = tools.spread(schema);
      return spread === null
        ? rootOf(tools.convert, common, 'json', schema)
        : spreadBody(tools, common, shape, spread, encoding);
    }
    case 'form':
    case 'multipart': {
      const spread = tools.spread(shape === 'multipart' ? withFile(tools.references, schema) : schema);
      return spread === null
        ? heldForm(tools, common, shape, schema, encoding)
        : spreadBody(tools, common, shape, spread, encoding);
    }
  }
}

/** A multipart body that is nothing but a file, as converters of Swagger 2.0 write it, has one part called `file`. */
function withFile(references: References, schema: unknown): unknown {
  const file = nodeOf(followSchema(references, schema).value);
  return isBytes(file)
    ? { type: 'object', required: ['file'], properties: { file }, additionalProperties: false }
    : schema;
}

function shapeOf(mediaType: string, isFile: boolean): Shape {
  const { type, main, sub } = partsOf(mediaType);
  if (sub === 'json' || sub.endsWith('+json') || type === '*/*' || type === 'application/*') {
    return isFile ? 'bytes' : 'json';
  }
  if (sub === 'x-www-form-urlencoded') {
    return 'form';
  }
  if (main === 'multipart') {
    return 'multipart';
  }
  return main === 'text' || /(^|\+)(xml|yaml|x-ndjson|graphql)$/.test(sub) ? 'text' : 'bytes';
}

function rankOf({ mediaType, shape, holdsFile }: Media): number {
  const { sub } = partsOf(mediaType);
  const place = 4 * PREFERENCE.indexOf(shape) + (shape === 'form' && holdsFile ? 5 : 0);
  if (shape !== 'json' || sub === 'json') {
    return place;
  }
  return place + (sub === 'merge-patch+json' ? 1 : sub === 'json-patch+json' ? 3 : 2);
}

function partsOf(mediaType: string): { readonly type: string; readonly main: string; readonly sub: string } {
  const type = mediaType.toLowerCase().split(';')[0]?.trim() ?? '';
  const [main = '', sub = ''] = type.split('/');
  return { type, main, sub };
}
