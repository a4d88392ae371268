import type { components, operations } from '../../../../generated/api.ts';
import type { Caller } from '../../caller.ts';
import { checks } from '../../check.ts';
import { holds, same } from '../../expect.ts';
import { created, createdPair, INVALID, refused } from './support.ts';

type Event = components['schemas']['AuditEvent'];
type Query = NonNullable<operations['listAuditEvents']['parameters']['query']>;

/** Reads one page. */
export async function events(operator: Caller, query: Query) {
  const answer = await operator.call(200, 'listAuditEvents', { query });
  return { ...answer.json, answer };
}

const ids = (page: readonly Event[]): string[] => page.map(({ id }) => id);

/** An organization in which six things have happened, and what they were done to, the latest first. */
async function history(operator: Caller, name: (what: string) => string) {
  const path = await created(operator, name('audit'));
  const organization = path.org_id;
  const pairs: Awaited<ReturnType<typeof createdPair>>[] = [];
  for (const what of ['one', 'two', 'three']) {
    pairs.push(await createdPair(operator, path, { name: name(what) }));
  }
  for (const { id } of pairs.slice(0, 2)) {
    await operator.call(200, 'deleteApiKey', { path: { ...path, id } });
  }
  const [one, two, three] = pairs.map(({ id }) => id);
  return { path, organization, pairs, targets: [two, one, three, two, one, organization] };
}

/** listAuditEvents. */
export const auditChecks = checks('operator', {
  'listAuditEvents: every change is there, newest first, by whom and to what': async ({ operator, name }) => {
    const { path, organization, targets, pairs } = await history(operator, name);
    const { data, nextCursor, answer } = await events(operator, { organization });
    same(
      answer,
      'the targets',
      data.map(({ target }) => target.id),
      targets,
    );
    same(answer, 'nextCursor', nextCursor, null);
    const times = data.map(({ at }) => Date.parse(at));
    same(
      answer,
      'at, descending,',
      times,
      times.toSorted((a, b) => b - a),
    );
    for (const { actor, outcome, organization: where } of data) {
      same(answer, 'who, where and how', [actor.kind, where, outcome], ['operator', organization, 'success']);
    }
    const secret = pairs.some(
      ({ apiKey, apiSecret }) => answer.text.includes(apiKey) || answer.text.includes(apiSecret),
    );
    holds(answer, !secret, 'events without secrets', 'a secret');
    await operator.call(200, 'deleteOrganization', { path });
    const after = await events(operator, { organization });
    same(after.answer, 'the events of a deleted organization', ids(after.data.slice(1)), ids(data));
    same(after.answer, 'the target of the latest', after.data[0]?.target.id, organization);
  },

  'listAuditEvents: pages follow the cursor, do not overlap, and do not shift': async ({ operator, name }) => {
    const { path, organization } = await history(operator, name);
    const whole = await events(operator, { organization, limit: 1000 });
    const seen: string[] = [];
    let cursor = '';
    for (const left of [4, 2, 0]) {
      const { data, nextCursor, answer } = await events(operator, { organization, limit: 2, cursor });
      seen.push(...ids(data));
      same(answer, 'the number of events', data.length, 2);
      same(answer, `a nextCursor with ${left} events left:`, nextCursor !== null, left > 0);
      cursor = nextCursor ?? '';
      await createdPair(operator, path, { name: name('meanwhile') });
    }
    same(whole.answer, 'the events of all pages', ids(whole.data), seen);
  },

  'listAuditEvents: action and since select': async ({ operator, name }) => {
    const { organization } = await history(operator, name);
    const whole = await events(operator, { organization });
    const [deletion, , creation] = whole.data;
    holds(whole.answer, deletion?.action !== creation?.action, 'different actions', creation?.action);
    for (const { action, at } of [deletion, creation].filter((event) => event !== undefined)) {
      const selected = await events(operator, { organization, action });
      const expected = whole.data.filter((event) => event.action === action);
      same(selected.answer, `the events of ${action}:`, ids(selected.data), ids(expected));
      const since = await events(operator, { organization, since: at });
      const later = whole.data.filter((event) => Date.parse(event.at) >= Date.parse(at));
      same(since.answer, `the events since ${at}:`, ids(since.data), ids(later));
    }
    const none = await events(operator, { organization, since: '2099-01-01T00:00:00Z' });
    same(none.answer, 'no events', none.data, []);
  },

  'listAuditEvents: parameters that are wrong or unknown are refused by name': async ({ operator }) => {
    const wrong: Record<string, string> = {
      cursor: 'not-a-cursor',
      limit: '0',
      organization: 'acme',
      action: 'Server Updated',
      since: 'yesterday',
      page: '0',
    };
    for (const [name, value] of Object.entries(wrong)) {
      await refused(operator, INVALID, 'listAuditEvents', { query: { [name]: value } }, `query.${name}`);
    }
    await refused(operator, INVALID, 'listAuditEvents', { query: { limit: 1001 } }, 'query.limit');
  },
});
