type Exact = {
  readonly rawJSON: (text: string) => unknown;
  readonly parse: (
    text: string,
    revive: (key: string, value: unknown, context: { source?: string }) => unknown,
  ) => unknown;
};
const exact = JSON as unknown as Exact;

/** Parses JSON so that `JSON.stringify` writes every number as it was: 12345678901234567890 stays that number. */
export const parseExactly = <T>(text: string): T =>
  exact.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && String(value) !== source ? exact.rawJSON(source) : value,
  ) as T;
