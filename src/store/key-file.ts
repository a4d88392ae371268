import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { explainFolderError, StoreRefused } from './errors.ts';

/** Returns the path of the key file of a data directory. */
export const keyFilePath = (directory: string): string => join(directory, 'secret.key');

/**
 * Returns the key for secrets if none is configured: the file `secret.key` (32 bytes in base64, mode 0600) of the data
 * directory, created at the first start. Keep it with your backups: without it, sealed values are lost. Throws
 * StoreRefused if the file has other contents, or cannot be created.
 */
export async function readOrCreateKeyFile(directory: string): Promise<Buffer> {
  const path = keyFilePath(directory);
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await writeFile(path, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flag: 'wx', flush: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !existsSync(path)) {
      throw explainFolderError(error, directory);
    }
  }
  return keyIn(path, await readFile(path, 'utf8'));
}

/** Returns the key in the key file; null if there is no such file. Throws StoreRefused if it has other contents. */
export async function readKeyFile(directory: string): Promise<Buffer | null> {
  const path = keyFilePath(directory);
  try {
    return keyIn(path, await readFile(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return null;
    }
    throw error;
  }
}

/** Whether other users of this machine can read the key file; on Windows, where files have no modes, false. */
export async function isReadableByOthers(directory: string): Promise<boolean> {
  return process.platform !== 'win32' && ((await stat(keyFilePath(directory))).mode & 0o077) !== 0;
}

function keyIn(path: string, text: string): Buffer {
  const key = Buffer.from(text.trim(), 'base64');
  if (key.length !== 32) {
    throw new StoreRefused(`${path} does not hold 32 bytes in base64; restore it from a backup`);
  }
  return key;
}
