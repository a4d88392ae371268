import type { BodyInputs, BodyTools, Common } from './body-inputs.ts';
import { tooLarge } from './errors.ts';
import { formMember, multipartMember } from './members.ts';
import { arrayOf, followSchema, isNode, type Node, nodeOf } from './nodes.ts';
import type { Spread } from './spread.ts';
import type { BodyPlan, FormMember, MultipartMember } from './types.ts';

type Form = 'form' | 'multipart';

/** Entries of `dependentRequired` of a tool; with more it is too large in any case. */
const MAX_DEPENDENT_MEMBERS = 20_000;

/**
 * Makes the members of a body arguments. The required members of a body that may be left out are required as soon as one
 * of its members is given.
 */
export function spreadBody(
  tools: BodyTools,
  { said: _, ...common }: Common,
  shape: 'json' | Form,
  spread: Spread,
  encoding: Node,
): BodyInputs {
  const { convert } = tools;
  const members = [...spread.properties].map(([name, schema]) => {
    const own = ownOf(encoding, name);
    return { name, schema, own, part: shape === 'multipart' ? multipartMember(tools.references, schema, own) : null };
  });
  const rest = spread.rest === false ? null : convert(spread.rest);
  const place = new Map(members.map(({ name }, index) => [name, index]));
  return {
    inputs: members.map(({ name, schema, part }) => ({
      in: 'body',
      name,
      unit: convert(part?.schema ?? schema),
      required: common.required && spread.required.has(name),
    })),
    rest,
    dependent: (names) => dependentOf(spread, common.required, (name) => names[place.get(name) ?? -1]),
    plan: (names): BodyPlan => {
      const argumentOf = (index: number): string => names[index] ?? '';
      const required = members.flatMap(({ name }, index) => (spread.required.has(name) ? [argumentOf(index)] : []));
      const shared = { ...common, rest: rest !== null, ...(required.length > 0 ? { requiredMembers: required } : {}) };
      switch (shape) {
        case 'json':
          return {
            ...shared,
            kind: 'json',
            members: members.map(({ name }, index) => ({ argument: argumentOf(index), name })),
          };
        case 'form':
          return {
            ...shared,
            kind: 'form',
            members: members.map(({ name, own }, index) => ({ argument: argumentOf(index), name, ...formMember(own) })),
          };
        case 'multipart':
          return {
            ...shared,
            kind: 'multipart',
            members: members.flatMap(({ name, part }, index) =>
              part === null ? [] : [{ argument: argumentOf(index), name, ...part.plan }],
            ),
          };
      }
    },
    convert,
    warnings: spread.warnings,
  };
}

/** By argument, the arguments that must be given with it. */
function dependentOf(
  { properties, required, dependent }: Spread,
  isAlways: boolean,
  argumentOf: (name: string) => string | undefined,
): Readonly<Record<string, readonly string[]>> {
  const needed = isAlways ? [] : [...required];
  if (properties.size * needed.length > MAX_DEPENDENT_MEMBERS) {
    throw tooLarge();
  }
  const entries = [...properties.keys()].flatMap((name) => {
    const others = [...needed, ...(dependent.get(name) ?? [])].filter((other) => other !== name);
    const names = others.map(argumentOf).filter((argument) => argument !== undefined);
    return names.length === 0 ? [] : [[argumentOf(name) ?? '', [...new Set(names)]] as const];
  });
  return Object.fromEntries(entries);
}

/**
 * Makes a form whose members are not known one by one, such as one of several alternatives, the argument `body`: an
 * object that holds them. Returns null for a form that is no object.
 */
export function heldForm(
  tools: BodyTools,
  { said, ...common }: Common,
  shape: Form,
  schema: unknown,
  encoding: Node,
): BodyInputs | null {
  const { value, problem } = followSchema(tools.references, schema);
  const types = [nodeOf(value).type ?? 'object'].flat();
  if (problem !== null || !types.includes('object')) {
    return null;
  }
  const properties = propertiesIn(tools, value);
  const plans = [...properties].map(([name, property]) => {
    const own = ownOf(encoding, name);
    return {
      name,
      form: { argument: name, name, ...formMember(own) } satisfies FormMember,
      part: {
        argument: name,
        name,
        ...multipartMember(tools.references, property, own).plan,
      } satisfies MultipartMember,
    };
  });
  const unit = tools.convert({ allOf: [schema], type: 'object' });
  return {
    inputs: [
      {
        in: 'body',
        name: 'body',
        unit,
        required: common.required,
        description: `${said ?? 'The body'} (${common.mediaType}: the members of this object)`,
      },
    ],
    rest: null,
    dependent: () => ({}),
    plan: ([argument = '']) =>
      shape === 'form'
        ? { ...common, kind: 'form', members: plans.map(({ form }) => form), rest: true, argument }
        : { ...common, kind: 'multipart', members: plans.map(({ part }) => part), rest: true, argument },
    convert: tools.convert,
    warnings: [],
  };
}

/** The properties of a schema, of its parts and of its alternatives. */
function propertiesIn({ references }: BodyTools, schema: unknown): Map<string, unknown> {
  const properties = new Map<string, unknown>();
  const seen = new Set<unknown>();
  const left = [schema];
  for (const each of left) {
    const { value } = followSchema(references, each);
    references.spend(1);
    if (!isNode(value) || seen.has(value)) {
      continue;
    }
    seen.add(value);
    for (const [name, property] of Object.entries(nodeOf(value.properties))) {
      references.spend(1);
      properties.set(name, property);
    }
    left.push(...arrayOf(value.allOf), ...arrayOf(value.oneOf), ...arrayOf(value.anyOf));
  }
  return properties;
}

const ownOf = (encoding: Node, name: string): Node =>
  nodeOf(Object.hasOwn(encoding, name) ? encoding[name] : undefined);
