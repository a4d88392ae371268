import type { Answer } from '../../caller.ts';
import type { Context } from '../../check.ts';
import { Skipped } from '../../failed.ts';
import type { AnswerJson } from '../../questions.ts';
import type { Path } from '../operator/support.ts';

/**
 * Creates credentials of the organization at a path that expire in a moment, and resolves when they have expired. `now` is a recent
 * time of the server.
 */
export async function endsInTime<Id extends 'createApiKey' | 'createApiToken'>(
  { operator, name }: Context,
  id: Id,
  path: Path,
  now: string,
): Promise<Answer<AnswerJson<Id, 201>>> {
  // The instant must lie ahead by the server's clock when the request arrives, however slow that is.
  for (const lead of [250, 1000, 4000, 16_000]) {
    const body = { name: name('expires'), expiresAt: new Date(Date.parse(now) + lead).toISOString() };
    const answer = await operator.send([201, 422], id, { path, body });
    if (answer.status === 201) {
      await new Promise((resolve) => setTimeout(resolve, lead + 10));
      return answer as Answer<AnswerJson<Id, 201>>;
    }
  }
  throw new Skipped('the server takes more than 16 s to answer');
}
