import { Unusable } from './errors.ts';
import type { Input } from './inputs.ts';
import { formMember, multipartMember } from './members.ts';
import { type Node, nodeOf, quote, type References } from './nodes.ts';
import type { Convert, Unit } from './schema.ts';
import type { Spread } from './spread.ts';
import type { BodyPlan } from './types.ts';

/** The flat arguments of a body, and its plan once they have names. */
export type BodyInputs = {
  readonly inputs: readonly Input[];
  /** The schema of additional arguments; null if there are none. */
  readonly rest: Unit | null;
  readonly plan: (names: readonly string[]) => BodyPlan;
};

/** The parts of the derivation that bodies need. */
export type BodyTools = {
  readonly references: References;
  readonly convert: Convert;
  readonly spread: (schema: unknown) => Spread | null;
};

type Shape = 'json' | 'form' | 'multipart' | 'text' | 'bytes';
/** The kinds of body in order of preference. */
const PREFERENCE: readonly Shape[] = ['json', 'form', 'multipart', 'text', 'bytes'];

/**
 * Converts the request body of an operation, in its first media type that a tool can write: JSON, a form, multipart,
 * text (including XML), bytes. Members of objects become flat arguments. Any other body becomes one argument called
 * `body`, with bytes in base64. A form or multipart body must be a plain object. Throws Unusable if no media type is
 * left.
 */
export function bodyOf(tools: BodyTools, requestBody: unknown): BodyInputs | null {
  const body = nodeOf(tools.references.follow(requestBody).value);
  const media = Object.entries(nodeOf(body.content)).map(([mediaType, value]) => {
    const { schema, encoding } = nodeOf(value);
    return { mediaType, shape: shapeOf(mediaType), schema: schema ?? {}, encoding: nodeOf(encoding) };
  });
  if (media.length === 0) {
    return null;
  }
  const required = body.required === true;
  for (const { mediaType, shape, schema, encoding } of PREFERENCE.flatMap((wanted) =>
    media.filter(({ shape }) => shape === wanted),
  )) {
    const common = { mediaType, required };
    if (shape === 'text' || shape === 'bytes') {
      return rootOf(tools, common, shape === 'text' ? 'text' : 'base64', { type: 'string' }, body.description);
    }
    const spread = tools.spread(schema);
    if (spread !== null) {
      return spreadBody(tools, common, shape, spread, encoding);
    }
    if (shape === 'json') {
      return rootOf(tools, common, 'json', schema, body.description);
    }
  }
  const names = media.map(({ mediaType }) => quote(mediaType)).join(', ');
  throw new Unusable(`Its body (${names}) is not a plain object, so it cannot be written as a form.`);
}

function shapeOf(mediaType: string): Shape {
  const [type = ''] = mediaType.toLowerCase().split(';');
  const [main, sub = ''] = type.trim().split('/');
  if (sub === 'json' || sub.endsWith('+json') || type.trim() === '*/*' || type.trim() === 'application/*') {
    return 'json';
  }
  if (sub === 'x-www-form-urlencoded') {
    return 'form';
  }
  if (main === 'multipart') {
    return 'multipart';
  }
  return main === 'text' || /(^|\+)(xml|yaml|x-ndjson|graphql)$/.test(sub) ? 'text' : 'bytes';
}

type Common = { readonly mediaType: string; readonly required: boolean };

function rootOf(
  { convert }: BodyTools,
  common: Common,
  encoding: 'json' | 'text' | 'base64',
  schema: unknown,
  said: unknown,
): BodyInputs {
  const description = typeof said === 'string' && said.trim() !== '' ? said : undefined;
  const form = encoding === 'json' ? '' : ` (${common.mediaType}${encoding === 'base64' ? ', base64' : ''})`;
  const unit = convert(encoding === 'base64' ? { type: 'string', contentEncoding: 'base64' } : schema);
  return {
    inputs: [
      {
        in: 'body',
        name: 'body',
        unit,
        required: common.required,
        ...(form === '' && description === undefined ? {} : { description: `${description ?? 'The body'}${form}` }),
      },
    ],
    rest: null,
    plan: ([argument = '']) => ({ ...common, kind: 'root', argument, encoding }),
  };
}

function spreadBody(
  tools: BodyTools,
  common: Common,
  shape: 'json' | 'form' | 'multipart',
  spread: Spread,
  encoding: Node,
): BodyInputs {
  const { convert } = tools;
  const members = [...spread.properties].map(([name, schema]) => {
    const own = nodeOf(Object.hasOwn(encoding, name) ? encoding[name] : undefined);
    return {
      name,
      schema,
      ...(shape === 'multipart' ? { part: multipartMember(tools.references, schema, own) } : {}),
      own,
    };
  });
  const rest = spread.rest !== false && shape !== 'multipart' ? convert(spread.rest) : null;
  return {
    inputs: members.map(({ name, schema, part }) => ({
      in: 'body',
      name,
      unit: convert(part?.schema ?? schema),
      required: common.required && spread.required.has(name),
    })),
    rest,
    plan: (names) => {
      const named = members.map((member, index) => ({ ...member, argument: names[index] ?? '' }));
      switch (shape) {
        case 'json':
          return {
            ...common,
            kind: 'json',
            members: named.map(({ argument, name }) => ({ argument, name })),
            rest: rest !== null,
          };
        case 'form':
          return {
            ...common,
            kind: 'form',
            members: named.map(({ argument, name, own }) => ({ argument, name, ...formMember(own) })),
            rest: rest !== null,
          };
        case 'multipart':
          return {
            ...common,
            kind: 'multipart',
            members: named.flatMap(({ argument, name, part }) =>
              part === undefined ? [] : [{ argument, name, ...part.plan }],
            ),
          };
      }
    },
  };
}
