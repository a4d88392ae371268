import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

type Schema = { [keyword: string]: unknown };

/** One for all, because each compiles the schema of schemas for itself, which takes longer than all else. */
const ajv = new Ajv2020({ strict: false, logger: false, ownProperties: true });

/** Compiles a schema as if it were the only one. Throws for what is no schema. */
function compileAlone(schema: object): ValidateFunction {
  try {
    return ajv.compile(schema);
  } finally {
    ajv.removeSchema();
  }
}

/** A validator such as clients use, which leaves `pattern` out: no test runs a stranger's pattern. Throws for what is no schema. */
export function compile(schema: object): ValidateFunction {
  const whole = compileAlone(schema);
  const text = JSON.stringify(schema);
  if (!text.includes('"pattern":')) {
    return whole;
  }
  return compileAlone(
    JSON.parse(text, (key, value) => (key === 'pattern' && typeof value === 'string' ? undefined : value)) as object,
  );
}

/** The `$ref`s in a schema that name nothing inside of it. */
export function danglingReferences(schema: object): string[] {
  const definitions = ((schema as Schema).$defs ?? {}) as object;
  const dangling: string[] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) {
      return;
    }
    const { $ref } = value as Schema;
    if (typeof $ref === 'string' && !($ref.startsWith('#/$defs/') && Object.hasOwn(definitions, $ref.slice(8)))) {
      dangling.push($ref);
    }
    for (const inner of Object.values(value)) {
      visit(inner);
    }
  };
  visit(schema);
  return dangling;
}

/** Names below `$defs` to which no `$ref` leads from the schema itself. */
export function unreachableDefinitions(schema: object): string[] {
  const { $defs = {}, ...top } = schema as { $defs?: Record<string, unknown> };
  const reached = new Set<string>();
  const left: unknown[] = [top];
  for (const value of left) {
    for (const [, name = ''] of JSON.stringify(value).matchAll(/"\$ref":"#\/\$defs\/([^"]+)"/g)) {
      if (!reached.has(name)) {
        reached.add(name);
        left.push($defs[name]);
      }
    }
  }
  return Object.keys($defs).filter((name) => !reached.has(name));
}

/** A value that the schema allows; `fully`: with what is optional, a few levels deep. */
export function instanceOf(schema: object, fully: boolean): unknown {
  return sampleOf(schema as Schema, (schema as { $defs?: Record<string, Schema> }).$defs ?? {}, fully ? 3 : 0);
}

function sampleOf(schema: Schema | boolean, definitions: Record<string, Schema>, levels: number): unknown {
  if (typeof schema === 'boolean') {
    return 'anything';
  }
  const inner = (next: unknown): unknown => sampleOf(next as Schema, definitions, levels - 1);
  if (typeof schema.$ref === 'string') {
    return sampleOf(definitions[schema.$ref.slice(8)] ?? {}, definitions, levels);
  }
  if (schema.const !== undefined || Array.isArray(schema.enum)) {
    return schema.const ?? (schema.enum as unknown[])[0];
  }
  const alternatives = (schema.oneOf ?? schema.anyOf) as unknown[] | undefined;
  if (alternatives !== undefined) {
    return inner(alternatives[0]);
  }
  if (Array.isArray(schema.allOf)) {
    return Object.assign({}, ...schema.allOf.map((part) => sampleOf(part as Schema, definitions, levels)), objectOf());
  }
  switch ([schema.type ?? (schema.properties === undefined ? 'string' : 'object')].flat()[0]) {
    case 'object':
      return objectOf();
    case 'array':
      return levels > 0 || Number(schema.minItems ?? 0) > 0
        ? Array.from({ length: Math.max(1, Number(schema.minItems ?? 0)) }, () => inner(schema.items ?? {}))
        : [];
    case 'integer':
    case 'number':
      return Number(schema.minimum ?? schema.maximum ?? 1);
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return 'x'.repeat(Number(schema.minLength ?? 1));
  }

  function objectOf(): object {
    const required = (schema as { required?: string[] }).required ?? [];
    const properties = Object.entries(((schema as Schema).properties ?? {}) as Record<string, unknown>);
    return Object.fromEntries([
      ...required.map((name) => [name, 'anything'] as const),
      ...properties
        .filter(([name]) => levels > 0 || required.includes(name))
        .map(([name, next]) => [name, inner(next)] as const),
    ]);
  }
}
