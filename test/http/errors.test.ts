import { pino } from 'pino';
import { expect, test } from 'vitest';
import { ApiError, internalError, invalidValue } from '../../src/base/errors.ts';
import type { Identified } from '../../src/http/context.ts';
import { errorAnswerer, renderError } from '../../src/http/errors.ts';
import { askOnce } from '../support/ask-once.ts';

const rendered = (error: ApiError, path: string) => renderError(error, path, 'https://gatehouse.example.com');

test.each([
  ['/api/mcp-servers', ['requestHeaders', 'X-Some'], 'body.request_headers.X-Some'],
  ['/integration', ['documentUrl'], 'body.document_url'],
  ['/integrated-account', ['integrationId'], 'body.environment_integration_id'],
  ['/integrated-account', ['context', 'variables', 'apiHost'], 'body.context.variables.apiHost'],
  ['/admin/api/v1/mcp-servers', ['mcpServer', 'url'], 'body.mcpServer.url'],
  ['/admin/api/v1/mcp-servers', ['name'], 'body.name'],
  ['/integration/1', [], 'body'],
])('%s places the value %j at %s', (path, value, place) => {
  const { body } = rendered(invalidValue(value, 'is wrong', 'invalid'), path);
  expect(body).toMatch(new RegExp(`"${place}["]|"${place}: is wrong"`));
});

test('writes retryAfterSeconds as the header Retry-After', () => {
  const error = new ApiError('unavailable', 'Not now.', { retryAfterSeconds: 5 });
  expect(rendered(error, '/integration').headers).toMatchObject({ 'Retry-After': '5' });
  expect(rendered(new ApiError('unavailable', 'Not now.'), '/integration').headers).not.toHaveProperty('Retry-After');
});

test('the log contains the internal message and the cause, and the answer does not', async () => {
  const lines: string[] = [];
  const answer = errorAnswerer('https://gatehouse.example.com', pino({}, { write: (line) => lines.push(line) }));
  for (const thrown of [internalError('the row is odd', new Error('at the bottom')), new Error('at the bottom')]) {
    const { status, text } = await askOnce(
      (request, response) => answer(thrown, request as Identified, response, '/integration'),
      'get',
      '/integration',
    );
    expect(status).toBe(500);
    expect(text).toContain('see the log of the server');
    expect(text).not.toMatch(/odd|bottom/);
  }
  expect(lines[0]).toContain('the row is odd');
  expect(lines.map((line) => JSON.parse(line).err.message)).toEqual(['at the bottom', 'at the bottom']);
});
