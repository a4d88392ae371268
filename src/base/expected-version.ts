import { preconditionFailed } from './errors.ts';

/** The versions of an object that a change is meant for, none of them where it is meant for no version; `any` for all. */
export type ExpectedVersion = 'any' | readonly number[];

/** Throws `precondition_failed` unless an object of this version is what a change is meant for. */
export function requireVersion(expected: ExpectedVersion, version: number): void {
  if (expected !== 'any' && !expected.includes(version)) {
    throw preconditionFailed();
  }
}
