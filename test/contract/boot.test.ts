import pino from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createApp, handlersOf } from '../../src/app.ts';
import { parseConfig } from '../../src/config.ts';
import type { Document } from '../../src/contract/document.ts';
import type { Handlers } from '../../src/contract/operations.ts';
import { askOnce } from '../support/ask-once.ts';
import { call } from '../support/client.ts';
import type { Json } from '../support/json.ts';
import { document, startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

const boot = (changed: Document, handlers: Handlers = handlersOf(server.deps)) =>
  createApp(
    server.deps,
    { document: changed, docs: { read: async () => null }, config: parseConfig({}), violations: 'throw' },
    handlers,
  );
/** A copy of the document with something changed. */
const edit = (change: (copy: Json) => void): Document => {
  const copy = structuredClone(document);
  change(copy);
  return copy;
};

test('boots with the document as it is', async () => {
  await expect(boot(document)).resolves.toBeDefined();
});

test('refuses an operation without a handler', async () => {
  const changed = edit(({ paths }) => {
    paths['/healthz'].post = { ...paths['/healthz'].get, operationId: 'postHealth' };
  });
  await expect(boot(changed)).rejects.toThrow('no handler of the right kind for post /healthz (postHealth)');
});

test('refuses a handler without an operation', async () => {
  const changed = edit(({ paths }) => {
    delete paths['/admin/api/v1/audit-events'];
  });
  await expect(boot(changed)).rejects.toThrow('handlers without an operation: listAuditEvents');
});

test('refuses an operation that is raw in the document and not in the code', async () => {
  const changed = edit(({ paths }) => {
    delete paths['/healthz'].get['x-raw'];
  });
  await expect(boot(changed)).rejects.toThrow('no handler of the right kind');
});

test('refuses credentials that it cannot check', async () => {
  const changed = edit(({ paths }) => {
    paths['/metrics'].get.security = [{ cookie: [] }];
  });
  await expect(boot(changed)).rejects.toThrow('cookie');
});

test('an answer that breaks the document fails in tests; in production it is logged, counted and served', async () => {
  const listOrganizations = (() => ({ status: 200, body: [{ id: 'wrong' }], headers: {} })) as never;
  const lines: string[] = [];
  for (const violations of ['throw', 'report'] as const) {
    const deps = { ...server.deps, log: pino({}, { write: (line: string) => lines.push(line) }) };
    const options = { document, docs: { read: async () => null }, config: parseConfig({}), violations };
    const app = await createApp(
      {
        ...deps,
        credentials: { ...deps.credentials, operator: () => ({ kind: 'operator', id: null, name: 'operator' }) },
      },
      options,
      { ...handlersOf(deps), listOrganizations },
    );
    const answer = await askOnce(app, 'get', '/admin/api/v1/organizations');
    expect(answer.status).toBe(violations === 'throw' ? 500 : 200);
    if (violations === 'report') {
      expect(answer.body).toEqual([{ id: 'wrong' }]);
    }
  }
  expect(lines.filter((line) => line.includes('"violation"') && line.includes('listOrganizations'))).toHaveLength(1);
  const { text } = await call(server.url, 'getMetrics');
  expect(text).toContain('gatehouse_contract_violations_total{operation="listOrganizations",status="200"} 1');
});
