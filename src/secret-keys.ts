import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The key that seals secrets when none is configured: the file `secret.key` (32 bytes in base64, mode 0600) of the data
 * directory, made on the first start. Keep it with your backups: without it nothing sealed can be read.
 */
export async function keyFile(directory: string): Promise<Buffer> {
  const path = join(directory, 'secret.key');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  try {
    await writeFile(path, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flag: 'wx', flush: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw error;
    }
  }
  const key = Buffer.from((await readFile(path, 'utf8')).trim(), 'base64');
  if (key.length !== 32) {
    throw new Error(`${path} does not hold 32 bytes in base64; restore it from a backup`);
  }
  return key;
}
