import type { components } from '../../../../generated/api.ts';
import type { Caller } from '../../caller.ts';
import { checks } from '../../check.ts';
import { holds, same } from '../../expect.ts';
import { created, INVALID, MISSING, type Path, refused } from './support.ts';

type Schemas = components['schemas'];
type Credential = Schemas['ApiToken'] | Schemas['ApiKey'];
type Created = Schemas['CreatedApiToken'] | Schemas['CreatedApiKey'];

/** The two kinds of credentials, and the secrets that each answers once. */
const KINDS = [
  {
    kind: 'api-tokens',
    secretsOf: (made: Created) => ('token' in made ? [made.token] : []),
    secret: 'token',
    create: 'createApiToken',
    list: 'listApiTokens',
    remove: 'deleteApiToken',
  },
  {
    kind: 'api-keys',
    secretsOf: (made: Created) => ('apiKey' in made ? [made.apiKey, made.apiSecret] : []),
    secret: 'apiKey',
    create: 'createApiKey',
    list: 'listApiKeys',
    remove: 'deleteApiKey',
  },
] as const;
type Kind = (typeof KINDS)[number];

const listed = async (operator: Caller, list: Kind['list'], path: Path) => {
  const answer = await operator.call(200, list, { path });
  const all: Credential[] = answer.json;
  return { answer, all };
};

function withoutSecrets(made: Created): Credential {
  if ('token' in made) {
    const { token: _, ...rest } = made;
    return rest;
  }
  const { apiKey: _, apiSecret: __, ...rest } = made;
  return rest;
}

const kindChecks = ({ kind, secretsOf, secret, create, list, remove }: Kind) =>
  checks('operator', {
    [`${create}: the secret is shown once and listed never, oldest first`]: async ({ operator, name }) => {
      const path = await created(operator, name(kind));
      const none = await listed(operator, list, path);
      same(none.answer, 'no credentials', none.all, []);
      const made: Created[] = [];
      for (const what of ['b', 'a', 'b']) {
        const answer = await operator.call(201, create, { path, body: { name: name(what) } });
        const one: Created = answer.json;
        same(answer, 'name and expiresAt', [one.name, one.expiresAt], [name(what), null]);
        same(answer, 'Location', answer.location, operator.pathOf(remove, { ...path, id: one.id }));
        const shown = secretsOf(one);
        holds(answer, shown[0]?.startsWith(one.prefix) === true, 'the beginning of the secret as prefix', one.prefix);
        const known = made.flatMap(secretsOf);
        holds(answer, !shown.some((value) => known.includes(value)), 'new secrets', 'one that was made before');
        made.push(one);
        await new Promise((resolve) => setTimeout(resolve, 3));
      }
      const { answer, all } = await listed(operator, list, path);
      same(answer, 'what was created, without secrets', all, made.map(withoutSecrets));
      const told = made.flatMap(secretsOf);
      holds(answer, !told.some((value) => answer.text.includes(value)), 'a list without secrets', 'a secret');
    },

    [`${create}: expiresAt is kept as an instant, and must lie ahead`]: async ({ operator, name }) => {
      const path = await created(operator, name(kind));
      const ends = {
        '2099-12-31T23:59:59.000Z': '2099-12-31T23:59:59Z',
        '2099-12-31T23:59:59+02:00': '2099-12-31T21:59:59Z',
      };
      for (const [expiresAt, instant] of Object.entries(ends)) {
        const answer = await operator.call(201, create, { path, body: { name: name('ends'), expiresAt } });
        const came = answer.json.expiresAt;
        same(answer, 'expiresAt', came === null ? null : Date.parse(came), Date.parse(instant));
      }
      const never = await operator.call(201, create, { path, body: { name: name('never'), expiresAt: null } });
      same(never, 'expiresAt', never.json.expiresAt, null);
      for (const expiresAt of ['2001-01-01T00:00:00Z', 'tomorrow', '2099-12-31', 4_102_444_799]) {
        const body = { name: name('past'), expiresAt };
        await refused(operator, INVALID, create, { path, body }, 'body.expiresAt');
      }
      const { answer, all } = await listed(operator, list, path);
      same(answer, 'the number of credentials', all.length, 3);
    },

    [`${remove}: what is deleted is gone, and another organization's cannot be deleted`]: async ({
      operator,
      name,
    }) => {
      const path = await created(operator, name(kind));
      const elsewhere = await created(operator, name(kind));
      const make = async () => {
        const { json } = await operator.call(201, create, { path, body: { name: name('deleted') } });
        return withoutSecrets(json);
      };
      const [gone, kept] = [await make(), await make()];
      await refused(operator, MISSING, remove, { path: { ...elsewhere, id: gone.id } });
      const before = await listed(operator, list, path);
      same(before.answer, 'the number of credentials', before.all.length, 2);
      const answer = await operator.call(200, remove, { path: { ...path, id: gone.id } });
      same(answer, 'the answer', answer.json, { id: gone.id, deleted: true });
      await refused(operator, MISSING, remove, { path: { ...path, id: gone.id } });
      const after = await listed(operator, list, path);
      same(after.answer, `${list} without it:`, after.all, [kept]);
    },

    [`${create}: what is wrong, missing or unknown is refused by name`]: async ({ operator, name }) => {
      const path = await created(operator, name(kind));
      for (const wrong of ['', 'n'.repeat(129), null, 1]) {
        await refused(operator, INVALID, create, { path, body: { name: wrong } }, 'body.name');
      }
      await refused(operator, INVALID, create, { path, body: {} }, 'body.name');
      for (const key of ['id', 'prefix', 'createdAt', 'expires_at', secret]) {
        await refused(operator, INVALID, create, { path, body: { name: name('x'), [key]: 'x' } }, `body.${key}`);
      }
    },
  });

/** What each kind of credentials may do, and what it does unless that is said. */
const PERMISSIONS = [
  { create: 'createApiKey', known: ['servers', 'approvals'], byDefault: ['servers'] },
  { create: 'createApiToken', known: ['accounts', 'approvals'], byDefault: ['accounts'] },
] as const;

const permissionChecks = PERMISSIONS.flatMap(({ create, known, byDefault }) =>
  checks('operator', {
    [`${create}: permissions are kept, ${byDefault.join(' and ')} by default, and must be known ones`]: async ({
      operator,
      name,
    }) => {
      const path = await created(operator, name('permissions'));
      for (const permissions of [undefined, known, ...known.map((one) => [one])]) {
        const answer = await operator.send(201, create, { path, body: { name: name('one'), permissions } });
        const came: string[] = answer.json.permissions;
        same(answer, 'permissions', came.toSorted(), (permissions ?? byDefault).toSorted());
      }
      for (const permissions of [[], [known[0], known[0]], ['admin'], known[0], null]) {
        const answer = await operator.send(422, create, { path, body: { name: name('one'), permissions } });
        const fields = JSON.stringify(answer.json);
        holds(answer, fields.includes('body.permissions'), 'a field error of body.permissions', answer.json);
      }
    },
  }),
);

/** API tokens and key pairs. */
export const credentialChecks = [...KINDS.flatMap(kindChecks), ...permissionChecks];
