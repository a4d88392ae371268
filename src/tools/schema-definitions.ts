import { TOOL_BYTES, tooLarge, Unusable } from './errors.ts';
import type { Node, References } from './nodes.ts';
import { type Convert, definitionName, type Unit } from './schema.ts';

/** Levels of schemas in schemas with the references between them, as a validator meets them. */
const MAX_LEVELS = 300;

/** The reachable `$defs` of a tool, their size as JSON in bytes, and the warnings of all schemas, each once. */
export type Definitions = {
  readonly schemas: Readonly<Record<string, Node | boolean>>;
  readonly bytes: number;
  readonly warnings: readonly string[];
};

/**
 * Collects all schemas that the given schemas refer to, directly or indirectly. Throws Unusable if they are larger than
 * a tool may be, nested too deeply for validators, or refer to themselves in a way that makes a check endless.
 */
export function definitionsOf(references: References, convert: Convert, roots: readonly Unit[]): Definitions {
  const reached = new Map<string, Unit>();
  let bytes = 0;
  const visit = (unit: Unit, above: number): void => {
    const depth = above + unit.depth;
    if (depth > MAX_LEVELS) {
      throw new Unusable(`It has a schema that is nested deeper than ${MAX_LEVELS} levels, references included.`);
    }
    references.spend(unit.targets.size);
    for (const [pointer, { value, own }] of unit.targets) {
      if (!reached.has(pointer)) {
        const target = convert(value, own);
        reached.set(pointer, target);
        bytes += target.bytes + pointer.length;
        if (bytes > TOOL_BYTES) {
          throw tooLarge();
        }
        visit(target, depth);
      }
    }
  };
  for (const root of roots) {
    visit(root, 0);
  }
  refuseEndless(reached);
  const schemas = Object.fromEntries([...reached].map(([pointer, { schema }]) => [definitionName(pointer), schema]));
  const names = Object.keys(schemas).reduce((sum, name) => sum + name.length + '"":,'.length, 0);
  return {
    schemas,
    bytes: [...reached.values()].reduce((sum, unit) => sum + unit.bytes, names),
    warnings: [...new Set([...roots, ...reached.values()].flatMap((unit) => unit.warnings))],
  };
}

/** Takes away, again and again, what nothing stands for any more; what then is left stands for itself. */
function refuseEndless(units: ReadonlyMap<string, Unit>): void {
  const sames = (unit: Unit | undefined): string[] =>
    [...(unit?.targets ?? [])].flatMap(([pointer, { same }]) => (same ? [pointer] : []));
  const users = new Map<string, number>();
  for (const pointer of [...units.values()].flatMap(sames)) {
    users.set(pointer, (users.get(pointer) ?? 0) + 1);
  }
  const free = [...units.keys()].filter((pointer) => !users.has(pointer));
  for (const pointer of free) {
    for (const target of sames(units.get(pointer))) {
      const left = (users.get(target) ?? 0) - 1;
      users.set(target, left);
      if (left === 0) {
        free.push(target);
      }
    }
  }
  const endless = [...units.keys()].find((pointer) => (users.get(pointer) ?? 0) > 0);
  if (endless !== undefined) {
    throw new Unusable(`It uses \`#${endless}\`, which refers to itself without end.`);
  }
}
