import { setTimeout } from 'node:timers/promises';
import type { AppOptions } from '../app.ts';
import { ApiError, CATALOGUE, type ErrorCode } from '../base/errors.ts';
import type { Document } from '../contract/document.ts';
import { renderError } from '../http/errors.ts';
import { type Fault, statusOnPurpose } from '../mock/faults.ts';

export type DisturbOptions = {
  readonly document: Document;
  /** Milliseconds that every answer waits. */
  readonly latencyMs: number;
  readonly faults: readonly Fault[];
  /** From 0 to 1, for the rates of faults. */
  readonly random: () => number;
};

const MESSAGE = 'The sandbox fails on purpose (--fail).';
/** The code of an ordinary 500. */
const FAILED = 'internal_error';
const CODES = [FAILED, ...(Object.keys(CATALOGUE) as ErrorCode[])] as const;

/** Makes the server slow, and lets operations fail on purpose, with the errors that it answers for real. */
export function createDisturb({ document, latencyMs, faults, random }: DisturbOptions): AppOptions['disturb'] {
  return async (operation) => {
    await setTimeout(latencyMs);
    const status = statusOnPurpose(faults, document, operation, random);
    if (status !== undefined) {
      const errors = CODES.map((code) => new ApiError(code, MESSAGE, { retryAfterSeconds: 1 }));
      throw errors.find((error) => renderError(error, operation.path, '').status === status);
    }
  };
}
