import { describe, expect, test } from 'vitest';
import { ApiError, CATALOGUE, type ErrorCode } from '../../src/base/errors.ts';
import { type Example, type Operation, operationsOf, type Response, resolve } from '../../src/contract/document.ts';
import { defaultServer } from '../../src/docs/document.ts';
import { renderError } from '../../src/http/errors.ts';
import { choicesOf } from '../../src/mock/preferences.ts';
import { document } from '../support/server.ts';

type ErrorExample = {
  readonly name: string;
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly value: unknown;
  readonly path: string;
};

const operations = operationsOf(document);
const HELP = new RegExp(`^<${defaultServer(document)}/docs/errors\\.html#(\\w+)>; rel="help"$`);
/** Probes and pages say in their own words that they cannot answer. */
const OWN_WORDS = ['database_down', 'not_built'];

const examplesOf = (operation: Operation, status: string): [string, Example][] =>
  Object.values(resolve<Response>(document, operation.object.responses[status] ?? {}).content ?? {}).flatMap(
    (content) => Object.entries(content.examples ?? {}),
  );

function errorExamples(operation: Operation): ErrorExample[] {
  return choicesOf(document, operation)
    .filter(({ status, name }) => status >= 400 && name !== null && !OWN_WORDS.includes(name))
    .map(({ status, name, headers }) => {
      const found = Object.keys(operation.object.responses)
        .flatMap((documented) => (documented.startsWith('2') ? [] : examplesOf(operation, documented)))
        .find(([candidate, example]) => candidate === name && [undefined, status].includes(example['x-status']));
      const code = HELP.exec(String(headers.Link))?.[1] ?? '';
      return { name: name ?? '', status, code, headers, value: found?.[1].value, path: operation.path };
    });
}

const apis = {
  accounts: operations.filter(({ path }) => path.startsWith('/integra')),
  servers: operations.filter(({ path }) => path.startsWith('/api/')),
  operator: operations.filter(({ path }) => path.startsWith('/admin/')),
  gateway: operations.filter(({ path }) => path.startsWith('/mcp')),
};

/** Codes that only operations about sessions answer. */
const SIGNING_IN = ['mixed_organizations'] as const;

/** Codes of the catalogue that no operation of an API answers. */
const NEVER: Readonly<Record<keyof typeof apis, readonly ErrorCode[]>> = {
  accounts: ['server_failed', 'reload_failed', ...SIGNING_IN],
  servers: ['reload_failed', ...SIGNING_IN],
  operator: ['server_failed', ...SIGNING_IN],
  // Its 400 and 404 are answers of JSON-RPC; the catalogue calls the first one malformed_request.
  gateway: [
    'validation_failed',
    'malformed_json',
    'conflict',
    'quota_exceeded',
    'precondition_failed',
    'unsupported_media_type',
    'reload_failed',
    ...SIGNING_IN,
  ],
};

describe.each(Object.keys(apis) as (keyof typeof apis)[])('the examples of errors: %s', (api) => {
  const examples = apis[api].flatMap(errorExamples);

  test('each code of the catalogue that it answers has one, and no other', () => {
    const codes = new Set(examples.map(({ code }) => code));
    const wanted = Object.keys(CATALOGUE).filter((code) => !NEVER[api].includes(code as ErrorCode));
    expect([...codes].toSorted()).toEqual(wanted.toSorted());
  });

  test('each is what the server makes of such an error', () => {
    for (const { name, status, code, headers, value, path } of examples) {
      const { message, title } = wordsOf(value);
      const error = new ApiError(code as ErrorCode, message, title === undefined ? {} : { title });
      const rendered = renderError(error, path, defaultServer(document));
      expect(headers.Link, name).toBe(rendered.headers.Link);
      expect(status, `${name} ${path}`).toBe(api === 'gateway' && code === 'not_found' ? 404 : rendered.status);
      if (api !== 'gateway') {
        expect(value, `${name} ${path}`).toMatchObject(withoutMistakes(JSON.parse(rendered.body)));
      }
    }
  });

  test('each has the headers of its status, and no others', () => {
    for (const { name, status, headers } of examples) {
      const wanted = [
        'Link',
        ...(status === 405 ? ['Allow'] : []),
        ...([429, 503].includes(status) ? ['Retry-After'] : []),
      ];
      const challenge = status === 401 && api !== 'servers' ? ['WWW-Authenticate'] : [];
      expect(Object.keys(headers).toSorted(), name).toEqual([...wanted, ...challenge].toSorted());
    }
  });
});

test('each example of a default response says its status', () => {
  for (const operation of operations) {
    for (const [name, example] of examplesOf(operation, 'default')) {
      expect(example['x-status'], `${operation.id} ${name}`).toBeGreaterThanOrEqual(400);
    }
  }
});

/** The sentence of an error, and its title where the API writes one. */
function wordsOf(value: unknown): { readonly message: string; readonly title?: string } {
  const body = value as { error: string | { message: string }; message: string; statusCode?: number };
  if (typeof body.error === 'object') {
    return { message: body.error.message };
  }
  return body.statusCode === undefined ? { message: body.error, title: body.message } : { message: body.message };
}

/** An error with mistakes has them in the place of its sentence, or beside it. */
const withoutMistakes = ({ error, ...rest }: Record<string, unknown>) =>
  typeof error === 'object' ? { ...rest, error: expect.objectContaining(error as object) } : { ...rest, error };

const lists = operations.filter((operation) => examplesOf(operation, '200').some(([name]) => name === 'last_page'));

describe('examples agree with each other', () => {
  test('there are lists in pages', () => expect(lists).toHaveLength(5));

  test('a Location leads to the object of the body', () => {
    const created = operations.flatMap((operation) =>
      examplesOf(operation, '201').map(([name, { value }]) => {
        const choice = choicesOf(document, operation).find((one) => one.name === name && one.status === 201);
        return { operation, name, value: value as { id?: string; data?: { id?: string } }, headers: choice?.headers };
      }),
    );
    const located = created.filter(({ headers }) => headers?.Location !== undefined);
    expect(located.length).toBeGreaterThan(10);
    for (const { operation, name, value, headers } of located) {
      const id = value.data?.id ?? value.id;
      expect(headers?.Location, `${operation.id} ${name}`).toMatch(
        new RegExp(`^${operation.path.replaceAll(/\{\w+\}/g, '[^/]+')}/${id}$`),
      );
    }
  });

  test.each(lists)('the first example of $id is the last page', (operation) => {
    const [, { value } = { value: undefined }] = examplesOf(operation, '200')[0] ?? [];
    const page = (value as { data?: unknown }) ?? {};
    const { next_cursor, nextCursor } = page as Record<string, unknown>;
    const { has_next } = (page.data ?? {}) as Record<string, unknown>;
    expect([next_cursor, nextCursor, has_next].filter((end) => end !== undefined)).toEqual([
      has_next === false ? false : null,
    ]);
  });

  test.each(lists)('no object is on two pages of $id', (operation) => {
    const pages = Object.fromEntries(examplesOf(operation, '200'));
    const ids = (name: string) =>
      [...JSON.stringify(pages[name]?.value).matchAll(/"(?:result|data|servers)":\[\{"id":"([^"]+)"/g)].map(
        ([, id]) => id,
      );
    expect(ids('last_page')).toHaveLength(1);
    expect(ids('last_page')).not.toEqual(ids('first_page'));
  });
});
