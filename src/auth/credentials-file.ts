import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { explainFolderError } from '../store/errors.ts';
import type { NewCredentials } from './first-credentials.ts';

/** Returns the new credentials as lines for people, each with its name and its value. */
export const linesOf = ({ operatorToken, first }: NewCredentials): string[] => [
  ...(operatorToken === null ? [] : [`Operator token  ${operatorToken}`]),
  ...(first === null
    ? []
    : [
        `Organization    ${first.organizationId}`,
        `API token       ${first.apiToken}`,
        `API key         ${first.apiKey}`,
        `API secret      ${first.apiSecret}`,
      ]),
];

/**
 * Adds the new credentials to the file `credentials` of the data directory (mode 0600), and resolves with its path.
 * Credentials of earlier starts stay above them. Throws StoreRefused if the file cannot be written.
 */
export async function keepCredentials(directory: string, made: NewCredentials): Promise<string> {
  const path = resolve(join(directory, 'credentials'));
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await writeFile(path, `${linesOf(made).join('\n')}\n`, { mode: 0o600, flag: 'a', flush: true });
  } catch (error) {
    throw explainFolderError(error, directory);
  }
  return path;
}
