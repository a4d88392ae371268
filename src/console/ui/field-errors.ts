import { Problem } from '../api.ts';

/**
 * The mistakes of a request at the fields of a form, for its `setErrors`. A mistake inside of a field, such as `tags.0`, counts
 * as its own.
 */
export function fieldErrorsOf(error: unknown, names: readonly string[]): Record<string, string> {
  const mistakes = error instanceof Problem ? error.fields : [];
  return Object.fromEntries(
    names.flatMap((name) => {
      const mistake = mistakes.find(({ field }) => field === name || field.startsWith(`${name}.`));
      return mistake === undefined ? [] : [[name, mistake.message]];
    }),
  );
}
