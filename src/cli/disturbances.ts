import type { Document, Operation } from '../contract/document.ts';
import { type Fault, parseFault } from '../mock/faults.ts';
import { UsageError } from './arguments.ts';

const MAX_LATENCY_MS = 600_000;

/** The options with which a program waits and fails on purpose. */
export const DISTURBANCES = { latency: { type: 'string' }, fail: { type: 'string', multiple: true } } as const;

/** Their lines in a text of `--help`. */
export const DISTURBANCES_USAGE = `  --latency MS    milliseconds that every answer waits (0)
  --fail FAULT    answers an error on purpose: <operation|*>=<status>[:rate]; may be given several times. The rate is
                  the share of the requests, from 0 to 1 (1)`;

export type Disturbances = {
  /** Milliseconds that every answer waits. */
  readonly latencyMs: number;
  readonly faults: readonly Fault[];
};

/** Reads these options. Throws UsageError, also for answers that the document does not have. */
export function readDisturbances(
  { latency = '0', fail = [] }: { readonly latency?: string; readonly fail?: readonly string[] },
  document: Document,
  operations: readonly Operation[],
): Disturbances {
  return {
    latencyMs: wholeNumber('--latency', latency, MAX_LATENCY_MS),
    faults: fail.map((fault) => readFault(fault, document, operations)),
  };
}

/** Reads a whole number from 0 on. Throws UsageError. */
export function wholeNumber(flag: string, text: string, max: number): number {
  if (!/^\d+$/.test(text) || Number(text) > max) {
    throw new UsageError(`${flag}: must be a whole number from 0 to ${max}`);
  }
  return Number(text);
}

function readFault(text: string, document: Document, operations: readonly Operation[]): Fault {
  try {
    return parseFault(text, document, operations);
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(`--fail ${text}: ${error.message}`) : error;
  }
}
