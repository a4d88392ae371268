import { expect, test } from 'vitest';
import { ApiError, CATALOGUE, type ErrorCode } from '../../src/base/errors.ts';
import { RPC_ERROR_CODES } from '../../src/base/rpc-error-codes.ts';
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

const PATHS = {
  'Servers API': '/api/mcp-servers',
  'Accounts API': '/integrated-account',
  'Operator API, platform': '/admin/api/v1/organizations',
  Gateway: '/mcp/x',
};

test.each(Object.keys(CATALOGUE) as ErrorCode[])(
  '%s has the heading that answers link, and the status and the code that each API answers',
  (code) => {
    const { title, meaning, remedy } = CATALOGUE[code];
    const entry = errorsPage()
      .split(/^## /m)
      .find((section) => section.startsWith(`${code}\n`));
    expect(entry).toContain(`**${title}.**`);
    for (const [api, path] of Object.entries(PATHS)) {
      const { status, headers, body } = render(path, code);
      expect(headers.Link).toBe(`<https://gatehouse.example.com/gw/docs/errors.html#${code}>; rel="help"`);
      const inBody = JSON.parse(body).error?.code;
      expect(entry).toContain(`${api}: ${status}${inBody === undefined ? '' : ` \`${inBody}\``}`);
    }
    expect(render('/metrics', code).status).toBe(render('/admin/api/v1/organizations', code).status);
    expect(entry).toContain(meaning);
    expect(entry).toContain(remedy);
  },
);

test('the Gateway answers no code that has no entry', () => {
  const headings = [...errorsPage().matchAll(/^### (-\d+)$/gm)].map(([, code]) => Number(code));
  expect(headings.toSorted()).toEqual(Object.values(RPC_ERROR_CODES).toSorted());
  for (const code of Object.keys(CATALOGUE) as ErrorCode[]) {
    expect(headings).toContain(JSON.parse(render('/mcp/x', code).body).error.code);
  }
});
