import type { ElicitRequestFormParams } from '@modelcontextprotocol/server';

type Fields = ElicitRequestFormParams['requestedSchema']['properties'];

/** A field of each primitive type, with a default. The suites want these very values. */
export const PRIMITIVES: Fields = {
  name: { type: 'string', default: 'John Doe' },
  age: { type: 'integer', default: 30 },
  score: { type: 'number', default: 95.5 },
  status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
  verified: { type: 'boolean', default: true },
};

const titled = (kind: string) =>
  ['First', 'Second', 'Third'].map((ordinal, index) => ({ const: `value${index + 1}`, title: `${ordinal} ${kind}` }));
const OPTIONS = ['option1', 'option2', 'option3'];

/** A field for each way of writing a choice: one or many of them, with titles or without, and the deprecated one. */
export const ENUMS: Fields = {
  untitledSingle: { type: 'string', enum: OPTIONS },
  titledSingle: { type: 'string', oneOf: titled('Option') },
  legacyEnum: {
    type: 'string',
    enum: ['opt1', 'opt2', 'opt3'],
    enumNames: ['Option One', 'Option Two', 'Option Three'],
  },
  untitledMulti: { type: 'array', items: { type: 'string', enum: OPTIONS } },
  titledMulti: { type: 'array', items: { anyOf: titled('Choice') } },
};
