import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { eraseRequests } from '../../src/approvals/erase-requests.ts';
import { type EventPosition, followEvents, positionAfter } from '../../src/approvals/follow-events.ts';
import { newEventId } from '../../src/approvals/outbox.ts';
import * as events from '../../src/store/approval-events.ts';
import type { Store } from '../../src/store/store.ts';
import { onBothEngines } from '../store/support/harness.ts';
import { openReplica } from '../store/support/replica.ts';
import { anOrganization } from '../store/support/samples.ts';

const AT = Date.UTC(2026, 10, 30);
const DAY = 24 * 60 * 60 * 1000;

const anEvent = (organizationId: string, at = AT) => ({
  id: newEventId(),
  organizationId,
  type: 'approval.requested',
  payload: JSON.stringify({ id: randomUUID() }),
  at,
});

/** Stores an event and returns its id. */
async function tell(store: Store, organizationId: string, at = AT): Promise<string> {
  const event = anEvent(organizationId, at);
  await store.writeFor(organizationId, (db) => events.append(db, event));
  return event.id;
}

/** Follows until there are so many events, and returns their ids. */
async function take(store: Store, position: EventPosition, count: number): Promise<string[]> {
  const ids: string[] = [];
  const ending = new AbortController();
  for await (const event of followEvents(store, position, ending.signal)) {
    if (event !== null && ids.push(event.id) === count) {
      break;
    }
  }
  return ids;
}

onBothEngines(({ open, location, shared }) => {
  describe('events of approval requests', () => {
    it('by several writers of two processes arrive each once, in the order of their commits', async () => {
      const place = await location();
      const store = await open({ location: place });
      const beside = place.kind === 'postgres' ? await openReplica(place) : null;
      const writers = [store, ...(beside === null ? [] : [beside])];
      const [own, other] = [await anOrganization(store), await anOrganization(store)];
      const position = await positionAfter(store, own, null);
      const following = [take(store, position, 60), take(store, position, 60)];
      const told = (
        await Promise.all(
          Array.from({ length: 6 }, async (_, writer) => {
            const by = writers[writer % writers.length] as Store;
            const ids = [];
            for (let count = 0; count < 10; count += 1) {
              ids.push(await tell(by, own));
              await tell(by, other);
            }
            return ids;
          }),
        )
      ).flat();
      const [first, second] = await Promise.all(following);
      expect(second).toEqual(first);
      expect(first?.toSorted()).toEqual(told.toSorted());
      const numbers = (await events.after(store.read, own, 0, 100)).map(({ number }) => number);
      await beside?.close();
      expect(numbers).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
    });

    it('go on after any event, also by pages, and from now on without one', async () => {
      const store = await shared();
      const own = await anOrganization(store);
      const ids: string[] = [];
      for (let count = 0; count < 205; count += 1) {
        ids.push(await tell(store, own));
      }
      expect(await take(store, await positionAfter(store, own, ids[0] as string), 204)).toEqual(ids.slice(1));
      const now = await positionAfter(store, own, null);
      expect(now).toEqual({ organizationId: own, number: 205, eventId: ids.at(-1) });
      const next = take(store, now, 1);
      expect([await tell(store, own)]).toEqual(await next);
    });

    it('are not told after one that is unknown, of another organization, or deleted with what came after it', async () => {
      const store = await shared();
      const [own, other] = [await anOrganization(store), await anOrganization(store)];
      const old = [await tell(store, own), await tell(store, own)];
      const kept = [await tell(store, own, AT + DAY), await tell(store, own, AT + DAY)];
      await eraseRequests(store, AT + DAY + 1);
      for (const [organizationId, id] of [
        [own, old[0]],
        [own, old[1]],
        [own, newEventId()],
        [other, kept[0]],
      ] as const) {
        await expect(positionAfter(store, organizationId, id as string)).rejects.toThrow(
          'is unknown or no longer kept',
        );
      }
      expect(await take(store, await positionAfter(store, own, kept[0] as string), 1)).toEqual([kept[1]]);
      await eraseRequests(store, AT + 2 * DAY + 1);
      // The last one has nothing after it.
      const last = await positionAfter(store, own, kept[1] as string);
      const next = take(store, last, 1);
      expect([await tell(store, own, AT + 2 * DAY)]).toEqual(await next);
    });

    it('end where the next one is no longer kept', async () => {
      const store = await shared();
      const own = await anOrganization(store);
      const position = await positionAfter(store, own, null);
      await tell(store, own);
      await tell(store, own, AT + DAY);
      await eraseRequests(store, AT + DAY + 1);
      expect(await take(store, position, 1)).toEqual([]);
    });

    it('are the latest 10,000 of an organization at most', async () => {
      const store = await shared();
      const [own, other] = [await anOrganization(store), await anOrganization(store)];
      const [first, second] = [await tell(store, own), await tell(store, own)];
      const others = await tell(store, other);
      const number = events.MAX_KEPT_EVENTS;
      await store.write(({ sql }) =>
        sql.updateTable('approval_event_heads').set({ number }).where('organization_id', '=', own).execute(),
      );
      await tell(store, own);
      await expect(positionAfter(store, own, first)).rejects.toThrow('is unknown or no longer kept');
      expect(await positionAfter(store, own, second)).toMatchObject({ number: 2 });
      expect(await positionAfter(store, other, others)).toMatchObject({ number: 1 });
    });

    it('do not exist if their transaction fails, and their numbers have no gap then', async () => {
      const store = await shared();
      const own = await anOrganization(store);
      const failing = store.write(async (db) => {
        await events.append(db, anEvent(own));
        throw new Error('The change fails.');
      });
      await expect(failing).rejects.toThrow('The change fails.');
      await tell(store, own);
      expect((await events.after(store.read, own, 0, 10)).map(({ number }) => number)).toEqual([1]);
    });
  });
});
