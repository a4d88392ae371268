import { existsSync, globSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Builds the console into dist/console if one of its sources is newer: so the first start of a clone has it, and later ones
 * lose no time.
 */
const root = join(import.meta.dirname, '../..');
const built = join(root, 'dist/console/index.html');
const sources = [
  'src/console/**/*',
  'src/base/*.ts',
  'src/gateway/client-setups.ts',
  'generated/api.ts',
  'package-lock.json',
];
const changedAt = (file) => statSync(join(root, file)).mtimeMs;

if (!existsSync(built) || globSync(sources, { cwd: root }).some((file) => changedAt(file) > statSync(built).mtimeMs)) {
  const { build } = await import('vite');
  await build({ configFile: join(import.meta.dirname, 'vite.config.ts'), logLevel: 'warn' });
}
