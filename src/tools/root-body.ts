import type { BodyInputs, BodyTools, Common } from './body-inputs.ts';
import { followSchema, nodeOf } from './nodes.ts';
import type { Convert, Unit } from './schema.ts';

type Encoding = 'json' | 'text' | 'base64';

/** Makes the whole body one argument. */
export const rootOf = (convert: Convert, common: Common, encoding: Encoding, schema: unknown): BodyInputs =>
  rootOfUnit(convert, common, encoding, convert(schema), encoding === 'base64' ? 'base64' : null);

/**
 * Makes a body in text one argument. Where the document has a schema for its content, such as for XML, the argument says
 * it in `contentSchema` (JSON Schema 2020-12, "Content"), with the hints for XML.
 */
export function textRoot({ references, convert, convertXml }: BodyTools, common: Common, schema: unknown): BodyInputs {
  const { value, pointer } = followSchema(references, schema);
  const content = nodeOf(value);
  const type = common.mediaType.split(';')[0]?.trim().toLowerCase() ?? '';
  const says = ['properties', 'items', 'allOf', 'oneOf', 'anyOf', 'additionalProperties'].some((key) => key in content);
  if (!says) {
    return rootOfUnit(convert, common, 'text', convert({ type: 'string' }), null);
  }
  const isXml = /[/+]xml$/.test(type);
  const own = isXml ? convertXml : convert;
  const unit = own(schema);
  const named = nodeOf(content.xml).name ?? /^\/components\/schemas\/([^/]+)$/.exec(pointer ?? '')?.[1];
  const whole: Unit = {
    ...unit,
    schema: { type: 'string', contentMediaType: type, contentSchema: unit.schema },
    bytes: unit.bytes + type.length + WRAPPING_BYTES,
    depth: unit.depth + 1,
  };
  return rootOfUnit(own, common, 'text', whole, isXml && typeof named === 'string' ? `root element ${named}` : null);
}

/** Bytes of the keywords around a `contentSchema`. */
const WRAPPING_BYTES = 70;

function rootOfUnit(
  convert: Convert,
  { said, ...common }: Common,
  encoding: Encoding,
  unit: Unit,
  note: string | null,
): BodyInputs {
  const form = encoding === 'json' ? '' : ` (${[common.mediaType, ...(note === null ? [] : [note])].join(', ')})`;
  return {
    inputs: [
      {
        in: 'body',
        name: 'body',
        unit,
        required: common.required,
        ...(form === '' && said === undefined ? {} : { description: `${said ?? 'The body'}${form}` }),
      },
    ],
    rest: null,
    dependent: () => ({}),
    plan: ([argument = '']) => ({ ...common, kind: 'root', argument, encoding }),
    convert,
    warnings: [],
  };
}
