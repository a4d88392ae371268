import { afterAll, beforeAll, expect, test } from 'vitest';
import { call } from '../support/client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const ID = 'apr_5f0c3a52-7d1e-4b8a-9c64-2e9b1f0d8a37';
const PUBLIC_URL = 'http://localhost/gateway';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ env: { GATEHOUSE_PUBLIC_URL: PUBLIC_URL } });
});
afterAll(() => server.stop());

const page = (approvalRequestId: string) =>
  call(server.url, 'getApprovalPage', { path: { approvalRequestId }, as: 'nobody' });

test('200: it says how to decide, loads nothing, and is the same for a request that does not exist', async () => {
  const { status, text, headers } = await page(ID);
  expect(status).toBe(200);
  expect(text).toContain(`npx mcp-gatehouse approvals show ${ID} --url ${PUBLIC_URL}`);
  expect(text).toContain(`curl -X POST ${PUBLIC_URL}/api/approval-requests/${ID}/decision`);
  expect(text).not.toMatch(/<script|src=|href="(?!data:)/);
  expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'/);
  expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
  expect([headers.get('cache-control'), headers.get('x-robots-tag')]).toEqual(['no-store', 'noindex']);
});

test.each(['apr_x', ID.toUpperCase(), `${ID}"><script>`, 'x'.repeat(300)])('404: %s', async (id) => {
  expect((await page(id)).status).toBe(404);
});
