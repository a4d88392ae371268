import { once } from 'node:events';
import { startMock } from '../mock/mock.ts';
import { SANDBOX_CREDENTIALS } from '../sandbox/sandbox.ts';
import { type Context, EXIT } from './command.ts';
import type { MockSettings } from './mock-arguments.ts';

/** Runs the mock until it is interrupted, and resolves with the exit status. */
export async function runMock({ stdout, interruption }: Context, settings: MockSettings): Promise<number> {
  const interrupted = interruption();
  const mock = await startMock({ ...settings, random: Math.random });
  stdout(banner(mock.url));
  if (!interrupted.aborted) {
    await once(interrupted, 'abort');
  }
  await mock.stop();
  return EXIT.done;
}

const banner = (
  url: string,
): string => `Listening on ${url} as a mock, which remembers nothing. Documentation: ${url}/docs
Headers for /api/…:     X-API-KEY and X-API-SECRET, with any values
Headers for all others: Authorization: Bearer, with any token
Choose an answer with:  Prefer: code=429, or Prefer: example=empty
MCP clients connect to: ${url}/mcp/${SANDBOX_CREDENTIALS.MCP_ENDPOINT_TOKEN}
`;
