import type { components, operations } from '../../../../generated/api.ts';
import { checks } from '../../check.ts';
import { holds, same } from '../../expect.ts';
import { documentOf } from './documents.ts';
import {
  createAccount,
  createdAccount,
  createdAccountOf,
  createdEndpoint,
  createdIntegration,
  lasting,
  nobody,
  read,
  refused,
  refusedWhenStale,
  under,
} from './support.ts';

type Changes = components['schemas']['AccountPatch'];
type Query = NonNullable<operations['listAccounts']['parameters']['query']>;

/** What each authentication method wants. */
const WANTED = {
  none: [],
  api_key: ['api_key'],
  basic: ['username', 'password'],
  bearer: ['token'],
  oauth2_client_credentials: ['client_id', 'client_secret', 'token_url'],
} as const;

/** Each authentication method with what it wants. */
const METHODS = Object.entries(WANTED) as [keyof typeof WANTED, readonly string[]][];

/** A context with everything that a method wants. */
const contextOf = (keys: readonly string[], value: string): Record<string, string> =>
  Object.fromEntries(
    keys.map((key) => [key, key === 'token_url' ? 'https://auth.example.com/token' : `${value}-${key}`]),
  );

/** createAccount and getAccount. */
const createChecks = checks('accounts', {
  'createAccount: every authentication method is taken with its credentials, which are never answered': async ({
    holder,
    name,
  }) => {
    const integration = { id: await createdIntegration(holder, { name: name('methods') }), name: name('methods') };
    for (const [authentication_method, wanted] of METHODS) {
      const context = contextOf(wanted, name('secret'));
      const fields = { tenant_id: name('Größe & Co.'), authentication_method };
      const created = await createAccount(holder, integration.id, { ...fields, context });
      const { id, created_at, updated_at, ...rest } = created.json;
      const links = { environment_integration_id: integration.id, integration, status: 'active' };
      const shown = { display_name: integration.name };
      same(created, 'the fields, in any order,', rest, { ...fields, ...links, ...shown });
      holds(created, updated_at >= created_at, `updated_at, not before ${created_at}`, updated_at);
      same(created, 'Location', created.location, holder.pathOf('getAccount', { id }));
      const again = await holder.call(200, 'getAccount', { path: { id } });
      same(again, 'what was created:', again.json, created.json);
      same(again, 'the ETag', again.headers.get('ETag'), created.headers.get('ETag'));
      const changed = await holder.call(200, 'updateAccount', { path: { id }, body: { context } });
      const list = await holder.call(200, 'listAccounts');
      for (const answer of [created, again, changed, list]) {
        holds(answer, !answer.text.includes(name('secret')), 'an answer without credentials', answer.json);
      }
    }
  },

  'createAccount: a credential that is missing is refused by name': async ({ holder, name }) => {
    const environment_integration_id = await createdIntegration(holder, { name: name('missing') });
    for (const [authentication_method, wanted] of METHODS) {
      for (const missing of wanted) {
        const { [missing]: _, ...context } = contextOf(wanted, name('secret'));
        const body = { tenant_id: 'acme-1', environment_integration_id, authentication_method, context };
        await refused(holder, 'createAccount', { body }, missing);
      }
      if (wanted[0] !== undefined) {
        const body = { tenant_id: 'acme-1', environment_integration_id, authentication_method };
        await refused(holder, 'createAccount', { body }, ...wanted);
      }
    }
  },

  'createAccount: token_url may come from the document': async ({ holder, name }) => {
    const flows = { clientCredentials: { tokenUrl: 'https://auth.example.com/token', scopes: {} } };
    const document = documentOf({}, { components: { securitySchemes: { oauth: { type: 'oauth2', flows } } } });
    const integration = await createdIntegration(holder, { name: name('oauth'), document });
    const context = contextOf(['client_id', 'client_secret'], name('secret'));
    await createAccount(holder, integration, {
      authentication_method: 'oauth2_client_credentials',
      context,
    });
  },

  'createAccount: credentials for security schemes are checked against the document, by name': async ({
    holder,
    name,
  }) => {
    const securitySchemes = {
      app_id: { type: 'apiKey', in: 'header', name: 'APP-ID' },
      login: { type: 'http', scheme: 'basic' },
    };
    const document = documentOf({}, { components: { securitySchemes } });
    const environment_integration_id = await createdIntegration(holder, { name: name('schemes'), document });
    const key = { api_key: name('secret') };
    const fields = { environment_integration_id, tenant_id: 'acme-1', authentication_method: 'schemes' } as const;
    const wrong: readonly (readonly [context: object, place: string])[] = [
      [{}, 'schemes'],
      [{ schemes: { app_key: key } }, 'app_key'],
      [{ schemes: { login: key } }, 'login'],
      [{ schemes: { app_id: key }, token: name('secret') }, 'token'],
      [{ schemes: { app_id: key }, headers: { 'app-id': 'x' } }, 'app-id'],
      [{ schemes: { app_id: key }, origins: ['https://a.example.com/path'] }, 'origins'],
    ];
    for (const [context, place] of wrong) {
      await refused(holder, 'createAccount', { body: { ...fields, context } }, place);
    }
    const login = { username: 'ada', password: name('secret') };
    const context = { schemes: { app_id: key, login }, headers: { 'X-Tenant': name('secret') }, query: { v: '1' } };
    const created = await createAccount(holder, environment_integration_id, { ...fields, context });
    holds(created, !created.text.includes(name('secret')), 'an answer without credentials', created.json);
  },

  'createAccount: a variable of the server URL that is missing is refused by name': async ({ holder, name }) => {
    const base_url = 'https://{region}.example.com/{version}';
    const integration = await createdIntegration(holder, { name: name('variables'), base_url });
    const fields = { tenant_id: 'acme-1', environment_integration_id: integration, authentication_method: 'none' };
    await refused(holder, 'createAccount', { body: fields }, 'region', 'version');
    const partial = { ...fields, context: { variables: { region: 'eu' } } };
    await refused(holder, 'createAccount', { body: partial }, 'version');
    const whole = { variables: { region: 'eu', version: 'v1' } };
    await createAccount(holder, integration, { context: whole });
  },

  'createAccount: an integration that is not there is refused by name': async ({ holder, name }) => {
    const body = { tenant_id: name('nowhere'), environment_integration_id: nobody(), authentication_method: 'none' };
    await refused(holder, 'createAccount', { body }, 'environment_integration_id');
    const list = await holder.call(200, 'listAccounts', { query: { tenant_id: name('nowhere') } });
    same(list, 'no accounts', list.json.result, []);
  },

  'createAccount: what is wrong, missing, unknown or read-only is refused by name': async ({ holder, name }) => {
    const environment_integration_id = await createdIntegration(holder, { name: name('wrong') });
    const whole = { tenant_id: 'acme-1', environment_integration_id, authentication_method: 'none' };
    for (const key of Object.keys(whole)) {
      const { [key]: _, ...body } = whole as Record<string, string>;
      await refused(holder, 'createAccount', { body }, key);
    }
    const wrong: Record<string, readonly unknown[]> = {
      tenant_id: ['', 't'.repeat(256), null, 1],
      environment_integration_id: ['', 'petstore', environment_integration_id.toUpperCase(), null],
      authentication_method: ['oauth2', 'API_KEY', '', null],
      context: [null, [], 'secret', { variables: null }, { variables: { region: 1 } }],
      api_key: [name('secret')],
      tenant: ['acme-1'],
    };
    for (const [key, values] of Object.entries(wrong)) {
      for (const value of values) {
        await refused(holder, 'createAccount', { body: { ...whole, [key]: value } }, key);
      }
    }
    for (const key of ['apiKey', 'Token', 'pasword', 'region']) {
      const body = { ...whole, context: { [key]: name('secret') } };
      await refused(holder, 'createAccount', { body }, key);
    }
    for (const key of ['id', 'status', 'integration', 'created_at', 'updated_at']) {
      await refused(holder, 'createAccount', { body: { ...whole, [key]: 'active' } }, key, 'read-only');
    }
  },
});

/** updateAccount and deleteAccount. */
const updateChecks = checks('accounts', {
  'updateAccount: context is merged key by key, and nothing else changes': async ({ holder, name }) => {
    const integration = await createdIntegration(holder, { name: name('merge') });
    const context = contextOf(['username', 'password'], name('secret'));
    const fields = { authentication_method: 'basic' as const, context };
    const path = await createdAccountOf(holder, integration, fields);
    const before = await lasting(holder, 'account', path);
    const patch = async (body: Changes) => {
      const answer = await holder.call(200, 'updateAccount', { path, body });
      same(answer, 'the account as it is then read:', answer.json, await read(holder, 'account', path));
      const { updated_at: _, ...rest } = answer.json;
      return { answer, rest };
    };
    // The other half is still there after each of them, else basic would want it.
    for (const body of [{ context: { password: name('new') } }, { context: { username: name('new') } }, {}]) {
      const { answer, rest } = await patch(body);
      same(answer, 'the account as it was:', rest, before);
    }
    const bearer = { authentication_method: 'bearer', context: { token: name('token') } } as const;
    for (const body of [{ tenant_id: name('tenant') }, bearer]) {
      const { context: _, ...fields } = { context: {}, ...body };
      const was = await lasting(holder, 'account', path);
      const { answer, rest } = await patch(body);
      same(answer, 'the account', rest, { ...was, ...fields });
    }
  },

  'updateAccount: what is then missing is refused by name, and nothing is changed': async ({ holder, name }) => {
    const base_url = 'https://{region}.example.com/{version}';
    const integration = await createdIntegration(holder, { name: name('incomplete'), base_url });
    const context = { api_key: name('secret'), variables: { region: 'eu', version: 'v1' } };
    const created = await createAccount(holder, integration, { authentication_method: 'api_key', context });
    const path = { id: created.json.id };
    const sneaked = { tenant_id: name('sneaked-in') };
    const bearer = { ...sneaked, authentication_method: 'bearer', context: { username: 'x' } };
    await refused(holder, 'updateAccount', { path, body: bearer }, 'token');
    // The variables are one key: they are replaced whole. They lead elsewhere, which takes the secret again.
    const variables = { ...sneaked, context: { api_key: name('secret'), variables: { region: 'us' } } };
    await refused(holder, 'updateAccount', { path, body: variables }, 'version');
    const wrong = { status: 'active', environment_integration_id: integration, integration: {}, id: nobody() };
    for (const [key, value] of Object.entries(wrong)) {
      await refused(holder, 'updateAccount', { path, body: { ...sneaked, [key]: value } }, key);
    }
    await refused(holder, 'updateAccount', { path, body: { ...sneaked, context: { apiKey: 'x' } } }, 'apiKey');
    await refused(holder, 'updateAccount', { path, body: { ...sneaked, context: { api_key: null } } }, 'api_key');
    const after = await holder.call(200, 'getAccount', { path });
    same(after, 'the account as it was:', after.json, created.json);
    same(after, 'the ETag', after.headers.get('ETag'), created.headers.get('ETag'));
  },

  'updateAccount, deleteAccount: a stale If-Match is a 412, and nothing is changed': async ({ holder, name }) => {
    const path = await createdAccount(holder, { name: name('if-match') });
    const bodies = { newer: { tenant_id: name('newer') }, stale: { tenant_id: name('stale') } };
    const after = await refusedWhenStale(holder, 'account', path, bodies);
    await holder.call(200, 'deleteAccount', { path, header: { 'If-Match': after.headers.get('ETag') ?? '' } });
  },

  'deleteAccount: what is gone is gone, with its endpoints': async ({ holder, name }) => {
    const path = await createdAccount(holder, { name: name('deleted') });
    const endpoint = await createdEndpoint(holder, path, { name: name('orphan') });
    const answer = await holder.call(200, 'deleteAccount', { path });
    same(answer, 'the answer', answer.json, path);
    await holder.call(404, 'getEndpoint', { path: endpoint });
    await holder.call(404, 'updateEndpoint', { path: endpoint, body: { name: name('orphan') } });
    await holder.call(404, 'deleteEndpoint', { path: endpoint });
    for (const gone of [path, { id: nobody() }]) {
      await holder.call(404, 'getAccount', { path: gone });
      await holder.call(404, 'updateAccount', { path: gone, body: { tenant_id: name('gone') } });
      await holder.call(404, 'deleteAccount', { path: gone });
      await holder.call(404, 'listAccountTools', { path: gone });
      await holder.call(404, 'listEndpoints', { path: under(gone) });
      await holder.call(404, 'createEndpoint', { path: under(gone), body: { name: name('gone') } });
    }
    const list = await holder.call(200, 'listAccounts', { query: { 'integration.name': name('deleted') } });
    same(list, 'no accounts', list.json.result, []);
  },
});

/** listAccounts, as far as it filters. */
const filterChecks = checks('accounts', {
  'listAccounts: tenant_id, status and integration.name select, and all must': async ({ holder, name }) => {
    const [one, two] = [name('one'), name('two')];
    const [first, second] = [
      await createdIntegration(holder, { name: one }),
      await createdIntegration(holder, { name: two }),
    ];
    const [acme, umlaut] = [name('acme'), name('Größe & Co./100%')];
    const ids: string[] = [];
    for (const [integration, tenant_id] of [
      [first, acme],
      [first, umlaut],
      [second, acme],
    ] as const) {
      ids.push((await createAccount(holder, integration, { tenant_id })).json.id);
    }
    const [a, b, c] = ids;
    const expected: readonly [query: Query, ids: readonly (string | undefined)[]][] = [
      [{ tenant_id: acme }, [a, c]],
      [{ tenant_id: umlaut }, [b]],
      [{ tenant_id: acme.toUpperCase() }, []],
      [{ tenant_id: acme.slice(0, -1) }, []],
      [{ 'integration.name': one }, [a, b]],
      [{ 'integration.name': two }, [c]],
      [{ 'integration.name': one, tenant_id: acme }, [a]],
      [{ 'integration.name': two, tenant_id: umlaut }, []],
      [{ 'integration.name': one, status: 'active' }, [a, b]],
      [{ 'integration.name': one, status: 'needs_reauth' }, []],
      [{ tenant_id: acme, status: 'validation_error' }, []],
    ];
    for (const [query, wanted] of expected) {
      const answer = await holder.call(200, 'listAccounts', { query });
      const came = answer.json.result.map(({ id }) => id);
      same(answer, 'the accounts', came.toSorted(), wanted.toSorted());
    }
  },

  'listAccounts: filters that are wrong or unknown are refused by name': async ({ holder }) => {
    const wrong = { tenant_id: '', status: 'ACTIVE', 'integration.name': 'Pet Store', integration: 'x', tenant: 'x' };
    for (const [parameter, value] of Object.entries(wrong)) {
      await refused(holder, 'listAccounts', { query: { [parameter]: value } }, parameter);
    }
  },
});

export const accountChecks = [...createChecks, ...updateChecks, ...filterChecks];
