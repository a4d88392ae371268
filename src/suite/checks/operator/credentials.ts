import type { Answer, Caller } from '../../caller.ts';
import { checks } from '../../check.ts';
import { holds, same } from '../../expect.ts';
import { created, INVALID, MISSING, refused } from './support.ts';

type Credential = { id: string; name: string; prefix: string; expiresAt: string | null; createdAt: string };
type Created = Credential & { token?: string; apiKey?: string; apiSecret?: string };

/** The two kinds of credentials, and the secrets that each answers once. */
const KINDS = [
  { kind: 'api-tokens', secrets: ['token'], create: 'createApiToken', list: 'listApiTokens', remove: 'deleteApiToken' },
  {
    kind: 'api-keys',
    secrets: ['apiKey', 'apiSecret'],
    create: 'createApiKey',
    list: 'listApiKeys',
    remove: 'deleteApiKey',
  },
] as const;

const list = async (operator: Caller, path: string): Promise<{ answer: Answer; all: Credential[] }> => {
  const answer = await operator.call(200, 'GET', path);
  return { answer, all: answer.json as Credential[] };
};

const withoutSecrets = ({ token: _, apiKey: __, apiSecret: ___, ...rest }: Created): Credential => rest;

const kindChecks = ({ kind, secrets, create, list: listOperation, remove }: (typeof KINDS)[number]) =>
  checks('operator', {
    [`${create}: the secret is shown once and listed never, oldest first`]: async ({ operator, name }) => {
      const path = `${await created(operator, name(kind))}/${kind}`;
      const none = await list(operator, path);
      same(none.answer, 'no credentials', none.all, []);
      const made: Created[] = [];
      for (const what of ['b', 'a', 'b']) {
        const answer = await operator.call(201, 'POST', path, { body: { name: name(what) } });
        const one = answer.json as Created;
        same(answer, 'name and expiresAt', [one.name, one.expiresAt], [name(what), null]);
        same(answer, 'Location', answer.location, `${path}/${one.id}`);
        const shown = secrets.map((secret) => one[secret] ?? '');
        holds(answer, shown[0]?.startsWith(one.prefix) === true, 'the beginning of the secret as prefix', one.prefix);
        const known = made.flatMap((earlier) => secrets.map((secret) => earlier[secret]));
        holds(answer, !shown.some((secret) => known.includes(secret)), 'new secrets', 'one that was made before');
        made.push(one);
        await new Promise((resolve) => setTimeout(resolve, 3));
      }
      const { answer, all } = await list(operator, path);
      same(answer, 'what was created, without secrets', all, made.map(withoutSecrets));
      const told = made.flatMap((one) => secrets.map((secret) => one[secret] ?? ''));
      holds(answer, !told.some((secret) => answer.text.includes(secret)), 'a list without secrets', 'a secret');
    },

    [`${create}: expiresAt is kept as an instant, and must lie ahead`]: async ({ operator, name }) => {
      const path = `${await created(operator, name(kind))}/${kind}`;
      const ends = {
        '2099-12-31T23:59:59.000Z': '2099-12-31T23:59:59Z',
        '2099-12-31T23:59:59+02:00': '2099-12-31T21:59:59Z',
      };
      for (const [expiresAt, instant] of Object.entries(ends)) {
        const answer = await operator.call(201, 'POST', path, { body: { name: name('ends'), expiresAt } });
        const came = (answer.json as Created).expiresAt;
        same(answer, 'expiresAt', came === null ? null : Date.parse(came), Date.parse(instant));
      }
      const never = await operator.call(201, 'POST', path, { body: { name: name('never'), expiresAt: null } });
      same(never, 'expiresAt', (never.json as Created).expiresAt, null);
      for (const expiresAt of ['2001-01-01T00:00:00Z', 'tomorrow', '2099-12-31', 4_102_444_799]) {
        const body = { name: name('past'), expiresAt };
        await refused(operator, INVALID, 'POST', path, { body }, 'body.expiresAt');
      }
      const { answer, all } = await list(operator, path);
      same(answer, 'the number of credentials', all.length, 3);
    },

    [`${remove}: what is deleted is gone, and another organization's cannot be deleted`]: async ({
      operator,
      name,
    }) => {
      const path = `${await created(operator, name(kind))}/${kind}`;
      const elsewhere = `${await created(operator, name(kind))}/${kind}`;
      const make = async () => {
        const { json } = await operator.call(201, 'POST', path, { body: { name: name('deleted') } });
        return withoutSecrets(json as Created);
      };
      const [gone, kept] = [await make(), await make()];
      await refused(operator, MISSING, 'DELETE', `${elsewhere}/${gone.id}`);
      const before = await list(operator, path);
      same(before.answer, 'the number of credentials', before.all.length, 2);
      const answer = await operator.call(200, 'DELETE', `${path}/${gone.id}`);
      same(answer, 'the answer', answer.json, { id: gone.id, deleted: true });
      await refused(operator, MISSING, 'DELETE', `${path}/${gone.id}`);
      const after = await list(operator, path);
      same(after.answer, `${listOperation} without it:`, after.all, [kept]);
    },

    [`${create}: what is wrong, missing or unknown is refused by name`]: async ({ operator, name }) => {
      const path = `${await created(operator, name(kind))}/${kind}`;
      for (const wrong of ['', 'n'.repeat(129), null, 1]) {
        await refused(operator, INVALID, 'POST', path, { body: { name: wrong } }, 'body.name');
      }
      await refused(operator, INVALID, 'POST', path, { body: {} }, 'body.name');
      for (const key of ['id', 'prefix', 'createdAt', 'expires_at', secrets[0]]) {
        await refused(operator, INVALID, 'POST', path, { body: { name: name('x'), [key]: 'x' } }, `body.${key}`);
      }
    },
  });

/** What each kind of credentials may do, and what it does unless that is said. */
const PERMISSIONS = {
  createApiKey: { kind: 'api-keys', known: ['servers', 'approvals'], byDefault: ['servers', 'approvals'] },
  createApiToken: { kind: 'api-tokens', known: ['accounts', 'approvals'], byDefault: ['accounts'] },
};

const permissionChecks = Object.entries(PERMISSIONS).flatMap(([create, { kind, known, byDefault }]) =>
  checks('operator', {
    [`${create}: permissions are kept, ${byDefault.join(' and ')} by default, and must be known ones`]: async ({
      operator,
      name,
    }) => {
      const path = `${await created(operator, name('permissions'))}/${kind}`;
      for (const permissions of [undefined, known, ...known.map((one) => [one])]) {
        const answer = await operator.call(201, 'POST', path, { body: { name: name('one'), permissions } });
        const came = (answer.json as { permissions: string[] }).permissions;
        same(answer, 'permissions', came.toSorted(), (permissions ?? byDefault).toSorted());
      }
      for (const permissions of [[], [known[0], known[0]], ['admin'], known[0], null]) {
        const answer = await operator.call(422, 'POST', path, { body: { name: name('one'), permissions } });
        const fields = JSON.stringify(answer.json);
        holds(answer, fields.includes('body.permissions'), 'a field error of body.permissions', answer.json);
      }
    },
  }),
);

/** API tokens and key pairs. */
export const credentialChecks = [...KINDS.flatMap(kindChecks), ...permissionChecks];
