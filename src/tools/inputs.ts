import { TOOL_BYTES, tooLarge } from './errors.ts';
import { argumentNames, type Source } from './flat-arguments.ts';
import type { Node, References } from './nodes.ts';
import type { Convert, Unit } from './schema.ts';
import { definitionsOf } from './schema-definitions.ts';
import type { JsonSchema } from './types.ts';

/** Steps that an argument is worth. */
const INPUT_STEPS = 4;

/** A flat argument before it has its name. */
export type Input = Source & {
  readonly unit: Unit;
  readonly required: boolean;
  /** Replaces the description of its schema. */
  readonly description?: string | undefined;
  /** The document advises against it. */
  readonly deprecated?: boolean;
};

/** The arguments of a tool, with their schema and their places in the request. */
export type Inputs = {
  /** Names of the arguments, in the order of the inputs. */
  readonly names: readonly string[];
  /** Without its `$defs`. */
  readonly schema: JsonSchema;
  readonly definitions: Readonly<Record<string, Node | boolean>>;
  /** Bytes of the definitions as JSON. */
  readonly bytes: number;
  /** What the schema allows only because the document does not say it. */
  readonly warnings: readonly string[];
};

/**
 * Arguments of a body beside the named ones. `rest`: their schema; null if there are none. `dependent`: the arguments that
 * must be given with another one.
 */
export type Besides = {
  readonly rest: Unit | null;
  readonly dependent: (names: readonly string[]) => Readonly<Record<string, readonly string[]>>;
};

/** The `inputSchema` of a tool: of its parameters, and of its body after them. */
export function inputsOf(
  references: References,
  convert: Convert,
  parameters: readonly Input[],
  body: (Besides & { readonly inputs: readonly Input[] }) | null,
): Inputs {
  const inputs = [...parameters, ...(body?.inputs ?? [])];
  const rest = body?.rest ?? null;
  references.spend(INPUT_STEPS * inputs.length);
  if (inputs.reduce((sum, { unit }) => sum + unit.bytes, 0) > TOOL_BYTES) {
    throw tooLarge();
  }
  const names = argumentNames(inputs);
  const units = inputs.map(({ unit }) => unit);
  const { schemas, bytes, warnings } = definitionsOf(references, convert, rest === null ? units : [...units, rest]);
  const required = names.filter((_, index) => inputs[index]?.required);
  const dependent = body?.dependent(names.slice(parameters.length)) ?? {};
  const properties = inputs.map((input, index) => [names[index], describe(input, names[index] ?? '')] as const);
  const schema = {
    type: 'object',
    properties: Object.fromEntries(properties),
    ...(required.length > 0 ? { required } : {}),
    ...(Object.keys(dependent).length > 0 ? { dependentRequired: dependent } : {}),
    additionalProperties: rest?.schema ?? false,
  };
  return { names, schema, definitions: schemas, bytes, warnings };
}

function describe({ unit, name, description, deprecated }: Input, argument: string): Node | boolean {
  if (unit.schema === false) {
    return false;
  }
  const schema = unit.schema === true ? {} : unit.schema;
  const said = description ?? (typeof schema.description === 'string' ? schema.description : undefined);
  const sentAs = argument === name ? undefined : `(sent as ${JSON.stringify(name)})`;
  const text = [said, sentAs].filter((part) => part !== undefined).join(' ');
  return text === '' && deprecated !== true
    ? unit.schema
    : { ...schema, ...(text === '' ? {} : { description: text }), ...(deprecated === true ? { deprecated } : {}) };
}
