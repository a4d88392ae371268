const json = JSON as unknown as { readonly isRawJSON: (value: unknown) => boolean };

/** True for a JSON object; false for a list and for a number that keeps its digits. */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !json.isRawJSON(value);
