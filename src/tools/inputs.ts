import { definitionsOf } from './definitions.ts';
import { TOOL_BYTES, tooLarge } from './errors.ts';
import { argumentNames, type Source } from './flat-arguments.ts';
import type { Node, References } from './nodes.ts';
import type { Convert, Unit } from './schema.ts';
import type { JsonSchema } from './types.ts';

/** Steps that an argument is worth. */
const INPUT_STEPS = 4;

/** A flat argument before it has its name. */
export type Input = Source & {
  readonly unit: Unit;
  readonly required: boolean;
  /** Replaces the description of its schema. */
  readonly description?: string | undefined;
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
};

/** The `inputSchema` of a tool. `rest`: the schema of additional arguments; null if there are none. */
export function inputsOf(
  references: References,
  convert: Convert,
  inputs: readonly Input[],
  rest: Unit | null,
): Inputs {
  references.spend(INPUT_STEPS * inputs.length);
  if (inputs.reduce((sum, { unit }) => sum + unit.bytes, 0) > TOOL_BYTES) {
    throw tooLarge();
  }
  const names = argumentNames(inputs);
  const units = inputs.map(({ unit }) => unit);
  const { schemas, bytes } = definitionsOf(references, convert, rest === null ? units : [...units, rest]);
  const required = names.filter((_, index) => inputs[index]?.required);
  const properties = inputs.map((input, index) => [names[index], describe(input)] as const);
  const schema = {
    type: 'object',
    properties: Object.fromEntries(properties),
    ...(required.length > 0 ? { required } : {}),
    additionalProperties: rest?.schema ?? false,
  };
  return { names, schema, definitions: schemas, bytes };
}

function describe({ unit, description }: Input): Node | boolean {
  if (description === undefined || unit.schema === false) {
    return unit.schema;
  }
  return { ...(unit.schema === true ? {} : unit.schema), description };
}
