import type { Check, Context } from './check.ts';
import { Failed, type FailureKind, Skipped } from './failed.ts';
import type { Secrets } from './secrets.ts';

/** The result of a check; its texts contain no secrets. */
export type Result = Pick<Check, 'api' | 'name'> & { readonly seconds: number } & (
    | { readonly outcome: 'ok' }
    | { readonly outcome: 'skip'; readonly reason: string }
    | {
        readonly outcome: 'fail';
        readonly kind: FailureKind;
        readonly expected: string;
        readonly came: string;
        readonly request: string;
      }
  );

/** Characters that are shown of what was expected, and of what came. */
const MAX_SHOWN_CHARS = 800;

/** Performs a check. Rethrows errors of the suite itself, because they say nothing about the server. */
export async function perform({ api, name, run }: Check, context: Context, secrets: Secrets): Promise<Result> {
  const start = performance.now();
  const shown = (text: string) => secrets.hide(text).slice(0, MAX_SHOWN_CHARS);
  const end = () => ({ api, name, seconds: Math.round(performance.now() - start) / 1000 });
  try {
    await run(context);
    return { ...end(), outcome: 'ok' };
  } catch (error) {
    if (error instanceof Skipped) {
      return { ...end(), outcome: 'skip', reason: error.message };
    }
    if (error instanceof Failed) {
      const request = secrets.hide(error.request);
      const { kind } = error;
      return { ...end(), outcome: 'fail', kind, expected: shown(error.expected), came: shown(error.came), request };
    }
    throw error;
  }
}
