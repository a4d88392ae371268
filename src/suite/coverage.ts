import type { Operation } from '../contract/document.ts';
import type { Seen } from './answer-check.ts';
import { type Api, apiOf } from './apis.ts';

/** Which of the statuses that the document names for an API were seen. */
export type Coverage = {
  readonly documented: number;
  readonly seen: number;
  /** Such as `createApiKey 409`. */
  readonly missing: readonly string[];
};

/** Compares the seen answers with those that the document names, `default` aside. */
export function coverageOf(operations: readonly Operation[], apis: readonly Api[], seen: Seen): Coverage {
  const named = operations
    .filter(({ path }) => apis.some((api) => api === apiOf(path)))
    .flatMap(({ id, object }) => Object.keys(object.responses).map((status) => [id, status] as const))
    .filter(([, status]) => status !== 'default');
  const missing = named.filter(([id, status]) => seen.get(id)?.has(Number(status)) !== true);
  return {
    documented: named.length,
    seen: named.length - missing.length,
    missing: missing.map(([id, status]) => `${id} ${status}`),
  };
}
