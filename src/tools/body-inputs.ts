import type { Besides, Input } from './inputs.ts';
import type { References } from './nodes.ts';
import type { Convert } from './schema.ts';
import type { Spread } from './spread.ts';
import type { BodyPlan } from './types.ts';

/** The flat arguments of a body, and its plan once they have names. */
export type BodyInputs = Besides & {
  readonly inputs: readonly Input[];
  readonly plan: (names: readonly string[]) => BodyPlan;
  /** Converts the schemas that those of the arguments refer to. */
  readonly convert: Convert;
  readonly warnings: readonly string[];
};

/** The parts of the derivation that bodies need. */
export type BodyTools = {
  readonly references: References;
  readonly convert: Convert;
  /** Keeps the hints for XML. */
  readonly convertXml: Convert;
  readonly spread: (schema: unknown) => Spread | null;
};

/** The facts that all kinds of body have. */
export type Common = {
  readonly mediaType: string;
  readonly required: boolean;
  /** The description of the body. */
  readonly said: string | undefined;
};
