import { expect, test } from 'vitest';
import { ApiError, CATALOGUE, type ErrorCode } from '../../src/base/errors.ts';
import { errorsPage } from '../../src/docs/errors-page.ts';
import { renderError } from '../../src/http/errors.ts';

test('docs/errors.md is what the catalogue makes', async () => {
  await expect(
    errorsPage(),
    'docs/errors.md is stale. Run: npx vitest run test/docs/errors-page.unit.test.ts --update',
  ).toMatchFileSnapshot('../../docs/errors.md');
});

const render = (path: string, code: ErrorCode) =>
  renderError(new ApiError(code, 'Because.'), path, 'https://gatehouse.example.com/gw');

test.each(Object.keys(CATALOGUE) as ErrorCode[])(
  '%s has the heading that answers link, and the status that each API answers',
  (code) => {
    const servers = render('/api/mcp-servers', code);
    const operator = render('/admin/api/v1/organizations', code);
    expect(servers.headers.Link).toBe(`<https://gatehouse.example.com/gw/docs/errors.md#${code}>; rel="help"`);
    expect(render('/metrics', code).status).toBe(operator.status);
    const { title, meaning, remedy } = CATALOGUE[code];
    const entry = errorsPage()
      .split(/^## /m)
      .find((section) => section.startsWith(`${code}\n`));
    expect(entry).toContain(`**${title}.**`);
    expect(entry).toContain(`Servers API: ${servers.status} · Operator API and platform: ${operator.status}`);
    expect(entry).toContain(meaning);
    expect(entry).toContain(remedy);
  },
);
