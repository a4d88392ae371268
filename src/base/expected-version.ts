import { preconditionFailed } from './errors.ts';

/** The versions of an object that a change accepts; an empty list accepts none, `any` accepts all. */
export type ExpectedVersion = 'any' | readonly number[];

/** Throws `precondition_failed` unless the change accepts this version. */
export function requireVersion(expected: ExpectedVersion, version: number): void {
  if (expected !== 'any' && !expected.includes(version)) {
    throw preconditionFailed();
  }
}
