import type { Document, Operation } from '../contract/document.ts';
import { choicesOf } from './preferences.ts';

/** An error that the mock answers on purpose. */
export type Fault = {
  /** The id of an operation; `*` for all that document the status. */
  readonly operation: string;
  readonly status: number;
  /** The share of the requests that it answers, from 0 to 1. */
  readonly rate: number;
};

const FORM = /^(\*|\w+)=([45]\d\d)(?::(0(?:\.\d+)?|1(?:\.0+)?|\.\d+))?$/;

/**
 * Reads `<operation|*>=<status>[:rate]`, such as `listMcpServers=503:0.3`. Throws RangeError, with the reason, unless
 * the document has such an answer.
 */
export function parseFault(text: string, document: Document, operations: readonly Operation[]): Fault {
  const [, operation = '', status = '', rate = '1'] = FORM.exec(text) ?? [];
  if (operation === '') {
    throw new RangeError('must be <operation|*>=<status>[:rate], such as listMcpServers=503:0.3');
  }
  const named = operations.filter(({ id }) => operation === '*' || id === operation);
  if (named.length === 0) {
    throw new RangeError(`no operation has the id ${operation}`);
  }
  if (!named.some((candidate) => documents(document, candidate, Number(status)))) {
    throw new RangeError(`the document has no answer ${status} of ${operation === '*' ? 'any operation' : operation}`);
  }
  return { operation, status: Number(status), rate: Number(rate) };
}

const documents = (document: Document, operation: Operation, wanted: number): boolean =>
  choicesOf(document, operation).some(({ status }) => status === wanted);

/** Returns the status that this request gets on purpose, if any: of the first fault that it meets. */
export function statusOnPurpose(
  faults: readonly Fault[],
  document: Document,
  operation: Operation,
  random: () => number,
): number | undefined {
  return faults
    .filter((fault) => fault.operation === '*' || fault.operation === operation.id)
    .filter(({ status }) => documents(document, operation, status))
    .find(({ rate }) => random() < rate)?.status;
}
