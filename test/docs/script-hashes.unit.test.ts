import { expect, test } from 'vitest';
import { allowOwnScripts } from '../../src/docs/script-hashes.ts';

const policy = (scripts: string) => `<meta content="default-src 'none'; script-src ${scripts}; img-src data:">`;
// As `openssl dgst -sha256 -binary | base64` has them.
const A = "'sha256-qVpDBgj7bpq5hMAcGp3AOc79J3Y1Z4HvySTwKrWDoy4='";
const TWO_LINES = "'sha256-eNUlmqcQdmgTM30ZgN9D5NtHQkUHiRRSLShFlvgeRWs='";

test('a page allows each of its scripts once, and no other', () => {
  const body = '<script>a()</script><p>b()</p><script type="module">\na()\nb()</script><script>a()</script>';
  expect(allowOwnScripts(policy("'none'") + body)).toBe(policy(`${A} ${TWO_LINES}`) + body);
});

test('what was allowed before is not any more', () => {
  expect(allowOwnScripts(`${policy("'unsafe-inline' 'sha256-old='")}<script>a()</script>`)).toBe(
    `${policy(A)}<script>a()</script>`,
  );
});
