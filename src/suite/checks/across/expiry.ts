import type { Answer } from '../../caller.ts';
import type { Context } from '../../check.ts';
import { Skipped } from '../../failed.ts';

/**
 * Creates credentials in a collection that expire in a moment, and resolves when they have expired. `now` is a recent
 * time of the server.
 */
export async function endsInTime({ operator, name }: Context, collection: string, now: string): Promise<Answer> {
  // The instant must lie ahead by the server's clock when the request arrives, however slow that is.
  for (const lead of [250, 1000, 4000, 16_000]) {
    const body = { name: name('expires'), expiresAt: new Date(Date.parse(now) + lead).toISOString() };
    const answer = await operator.call([201, 422], 'POST', collection, { body });
    if (answer.status === 201) {
      await new Promise((resolve) => setTimeout(resolve, lead + 10));
      return answer;
    }
  }
  throw new Skipped('the server takes more than 16 s to answer');
}
