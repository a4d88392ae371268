import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const MODULE = join(import.meta.dirname, '../../src/runtime/close-inherited.ts');
const PROGRAM = `
  import { execFileSync } from 'node:child_process';
  import { fstatSync, openSync } from 'node:fs';
  import { closeInherited } from ${JSON.stringify(MODULE)};
  const own = openSync('/dev/null');
  const ofChild = () => execFileSync('bash', ['-c', 'cat 2>/dev/null <&62 || echo closed'], { encoding: 'utf8' }).trim();
  const before = ofChild();
  closeInherited();
  closeInherited();
  fstatSync(own);
  console.log(JSON.stringify([before, ofChild()]));
`;

test.runIf(process.platform === 'linux')('a local process inherits no descriptor of the gateway', () => {
  const { stdout, stderr } = spawnSync(
    'bash',
    [
      '-c',
      'exec 62<<<"s3cr3t" 70</dev/null; exec "$0" "$@"',
      process.execPath,
      '--input-type=module',
      '--eval',
      PROGRAM,
    ],
    { encoding: 'utf8' },
  );
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual(['s3cr3t', 'closed']);
});
