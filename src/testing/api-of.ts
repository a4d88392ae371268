import type { RequestListener } from 'node:http';
import { readDocument } from '../contract/bundle.ts';
import { operationsOf } from '../contract/document.ts';
import type { OperationId } from '../contract/operations.ts';
import { createAnswerCheck } from '../suite/answer-check.ts';
import { askOnce, type Method, type Question, type TestAnswer } from './ask-once.ts';

export type { Question, TestAnswer } from './ask-once.ts';

/** An answer violates the document. */
export class AnswerBroken extends Error {
  override readonly name = 'AnswerBroken';
  /** A sentence for each violation. */
  readonly violations: readonly string[];
  readonly answer: TestAnswer;

  constructor(request: string, violations: readonly string[], answer: TestAnswer) {
    super(`${request} answered ${answer.status}, and breaks the document: ${violations.join('; ')}`);
    this.violations = violations;
    this.answer = answer;
  }
}

/** A question to an operation. */
export type OperationQuestion = Question & {
  /** The parameters of the path, not encoded. */
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
};

/** An implementation under test. */
export type TestedApi = {
  /** Asks one operation, by its id. Nothing of the question is checked: tests ask wrong things too. Throws AnswerBroken. */
  readonly call: (operation: OperationId, question?: OperationQuestion) => Promise<TestAnswer>;
  /** The same for a path of its own, encoded already, which need not be of the document. Throws AnswerBroken. */
  readonly send: (method: Method, path: string, question?: Question) => Promise<TestAnswer>;
};

/**
 * A client for the tests of an implementation: it holds every answer to the document of Gatehouse (status, headers, media
 * type, body). The target is an app, which needs no port, or the URL of a server. It needs the package `supertest`.
 *
 * @example
 * ```ts
 * import { apiOf } from 'mcp-gatehouse/testing';
 *
 * const api = apiOf('https://gatehouse.example.com', { headers: { Authorization: 'Bearer gat_token' } });
 * const { status, body } = await api.call('listIntegrations', { query: { limit: '10' } });
 * console.log(status, body);
 * ```
 */
export function apiOf(
  target: string | RequestListener,
  { headers: common = {} }: { readonly headers?: Readonly<Record<string, string>> } = {},
): TestedApi {
  const contract = readDocument().then((document) => ({
    check: createAnswerCheck(document),
    operations: operationsOf(document),
  }));
  const base = typeof target === 'string' ? target.replace(/\/+$/, '') : target;
  const send: TestedApi['send'] = async (method, path, { headers, ...question } = {}) => {
    const { check } = await contract;
    const answer = await askOnce(base, method, path, { headers: { ...common, ...headers }, ...question });
    const violations = check.violations(method, path.replace(/\?.*$/s, ''), answer);
    if (violations.length > 0) {
      throw new AnswerBroken(`${method.toUpperCase()} ${path}`, violations, answer);
    }
    return answer;
  };
  return {
    send,
    call: async (id, { path = {}, query = {}, ...question } = {}) => {
      const { operations } = await contract;
      const operation = operations.find((candidate) => candidate.id === id);
      if (operation === undefined) {
        throw new TypeError(`The document has no operation ${id}.`);
      }
      const filled = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path[name] ?? ''));
      const search = new URLSearchParams(query).toString();
      return send(operation.method, `${filled}${search && `?${search}`}`, question);
    },
  };
}
