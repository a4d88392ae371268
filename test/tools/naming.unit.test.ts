import { describe, expect, it, test } from 'vitest';
import { singularOf } from '../../src/tools/singular.ts';
import { derived, documentOf, jsonBody, toolOf } from './support/documents.ts';

const op = (operationId?: string, rest: object = {}) => ({
  summary: 'Does it.',
  ...(operationId === undefined ? {} : { operationId }),
  ...rest,
});
const named = (paths: Record<string, unknown>, options: Parameters<typeof derived>[1] = {}) =>
  Object.fromEntries(
    derived(documentOf(paths), options).tools.map(({ verb, request, name }) => [`${verb} ${request.path}`, name]),
  );
const resources = (...paths: string[]) =>
  derived(documentOf(Object.fromEntries(paths.map((path) => [path, { get: op() }])))).tools.map(
    ({ resource }) => resource,
  );

describe('segments that all paths share leave the resource', () => {
  test.each<[string[], string[]]>([
    [
      ['/api/v2/users', '/api/v2/users/{id}', '/api/v2/teams'],
      ['users', 'users', 'teams'],
    ],
    [
      ['/api/v2/users', '/api/v2/teams', '/health'],
      ['api_v2_users', 'api_v2_teams', 'health'],
    ],
    [
      ['/2010-04-01/Accounts.json', '/2010-04-01/Accounts/{Sid}/Calls.json'],
      ['accounts', 'calls'],
    ],
    [
      ['/{tenant}/v1/a', '/{tenant}/v1/b'],
      ['a', 'b'],
    ],
    [
      ['/contacts', '/contacts/{id}'],
      ['contacts', 'contacts'],
    ],
    [['/crm/v3/contacts'], ['crm_v3_contacts']],
    [
      ['/v1/a.json', '/v1/b.XML', '/v1/c.csv', '/v1/.json'],
      ['a', 'b', 'c_csv', 'json'],
    ],
    [
      ['/', '/a'],
      ['root', 'a'],
    ],
  ])('%j: %j', (paths, expected) => {
    expect(resources(...paths)).toEqual(expected);
  });

  it('and stay away, or stay, when the document grows', () => {
    const before = derived(documentOf({ '/v1/a': { get: op() }, '/v1/b': { get: op() } }));
    expect(before.shared).toEqual(['v1']);
    const grown = documentOf({ '/v1/a': { get: op() }, '/v1/b': { get: op() }, '/health': { get: op() } });
    expect(derived(grown, { shared: before.shared }).tools.map(({ resource }) => resource)).toEqual([
      'a',
      'b',
      'health',
    ]);
    expect(derived(documentOf({ '/v1/a': { get: op() } }), { shared: [] }).tools[0]?.resource).toBe('v1_a');
  });

  it('queries and fragments of paths tell resources apart', () => {
    const paths = {
      '/files/{id}#lock': { put: op() },
      '/files/{id}#unlock': { put: op() },
      '/files?new=1': { post: op() },
    };
    expect(derived(documentOf(paths)).tools.map(({ name }) => name)).toEqual([
      'update_a_acme_files_lock_by_id',
      'update_a_acme_files_unlock_by_id',
      'create_a_acme_files_new_1',
    ]);
  });
});

describe('a POST on a static path is what its words say', () => {
  const upload = { requestBody: { content: { 'multipart/form-data': { schema: { type: 'object' } } } } };
  const xml = { requestBody: { content: { 'application/xml': {} } } };
  const form = {
    requestBody: { content: { 'application/x-www-form-urlencoded': { schema: { properties: { a: {} } } } } },
  };

  test.each<[string, string | undefined, object, string]>([
    ['/documents.delete', undefined, {}, 'delete'],
    ['/item/remove', 'itemRemove', {}, 'delete'],
    ['/bookings/{id}/cancel', undefined, {}, 'delete'],
    ['/keys', 'revokeKeys', {}, 'delete'],
    ['/users', 'Users_Purge', {}, 'delete'],
    ['/catalog/batch-delete', 'BatchDeleteCatalogObjects', {}, 'delete'],
    ['/order_cancel', 'createOrderCancel', {}, 'delete'],
    ['/documents.update', undefined, {}, 'update'],
    ['/users.profile.set', 'users_profile_set', {}, 'update'],
    ['/record_set', undefined, {}, 'create'],
    ['/record_set', 'updateRecordSet', {}, 'update'],
    ['/record_set', 'createRecordSet', {}, 'create'],
    ['/profile', 'editProfile', {}, 'update'],
    ['/documents.list', 'documentsList', jsonBody({ properties: { a: {} } }), 'list'],
    ['/orders/search', 'SearchOrders', jsonBody({ properties: { a: {} } }), 'list'],
    ['/catalog/search-items', 'searchItems', form, 'list'],
    ['/things', 'queryThings', {}, 'list'],
    ['/orders/batch-get', undefined, jsonBody({ type: 'array' }), 'get'],
    ['/transactions/get', 'transactionsGet', {}, 'get'],
    ['/reports/export', undefined, {}, 'get'],
    ['/price_list', undefined, {}, 'create'],
    ['/price_list', 'createPriceList', {}, 'create'],
    ['/read_receipts', undefined, {}, 'create'],
    ['/users/find_or_create', undefined, {}, 'create'],
    ['/images/search', undefined, upload, 'create'],
    ['/reports/query', undefined, xml, 'create'],
    ['/reports/export', 'createExport', {}, 'create'],
    ['/lists/list', 'sendList', {}, 'create'],
    ['/things', undefined, {}, 'create'],
    ['/things', 'handleThings', {}, 'create'],
    ['/search.json', undefined, {}, 'list'],
  ])('%s (%s, %j) is %s', (path, operationId, body, method) => {
    const { annotations, ...tool } = toolOf('post', path, op(operationId, body));
    expect(tool.method).toBe(method);
    expect(annotations).toEqual(
      method === 'delete' ? { destructiveHint: true } : ['list', 'get'].includes(method) ? { readOnlyHint: true } : {},
    );
  });

  it('a custom one that removes says so; other verbs are what they were', () => {
    expect(toolOf('post', '/things/{id}', op('deleteThing'))).toMatchObject({
      method: 'delete_thing',
      annotations: { destructiveHint: true },
    });
    expect(toolOf('post', '/things/{id}', op('getThing')).annotations).toEqual({});
    expect(toolOf('delete', '/things', op()).annotations).toEqual({ destructiveHint: true });
    expect(toolOf('put', '/things/{id}', op('deleteThing')).annotations).toEqual({ idempotentHint: true });
    expect(toolOf('get', '/things/delete', op()).annotations).toEqual({ readOnlyHint: true });
  });
});

describe('names', () => {
  it('do not say a verb twice, unless that would be the name of another tool', () => {
    const paths = {
      '/documents.list': { post: op() },
      '/documents.search': { post: op() },
      '/documents.delete': { post: op() },
      '/comments.list': { post: op() },
      '/comments': { get: op() },
      '/list': { post: op() },
    };
    expect(named(paths)).toEqual({
      'POST /documents.list': 'list_all_acme_documents',
      'POST /documents.search': 'list_all_acme_documents_search',
      'POST /documents.delete': 'delete_a_acme_document_by_id',
      'POST /comments.list': 'list_all_acme_comments_list',
      'GET /comments': 'list_all_acme_comments',
      'POST /list': 'list_all_acme_list',
    });
  });

  it('that are too long lose words from the middle', () => {
    const records = '/accounts/{sid}/usage/records/of/this/long/list/of/things';
    const names = named({
      [`${records}/yearly`]: { get: op() },
      [`${records}/yesterday`]: { get: op() },
      '/x/{id}': { get: op() },
    });
    expect(names[`GET ${records}/yearly`]).toMatch(/^list_all_acme_accounts_usage_.*_yearly_[0-9a-f]{8}$/);
    expect(names[`GET ${records}/yesterday`]).toMatch(/^list_all_acme_accounts_usage_.*_yesterday_[0-9a-f]{8}$/);
    const one = named({
      [`${records}/{id}`]: { get: op(), put: op(), head: op('inspectAllOfThem') },
      '/x': { get: op() },
    });
    expect(one[`GET ${records}/{id}`]).toMatch(/^get_single_acme_accounts_.*_thing_by_id_[0-9a-f]{8}$/);
    expect(one[`HEAD ${records}/{id}`]).toMatch(/^acme_accounts_.*_them_[0-9a-f]{8}$/);
    const giant = named({ [`/${'a'.repeat(90)}`]: { get: op() }, [`/${'b'.repeat(600)}/{id}`]: { get: op() } });
    for (const name of [...Object.values(names), ...Object.values(one), ...Object.values(giant)]) {
      expect(name).toMatch(/^[a-z0-9_]{1,64}$/);
      expect(name).not.toContain('__');
    }
  });

  it('begin with all words of the integration', () => {
    const path = `/${Array.from({ length: 12 }, (_, index) => `word${index}`).join('/')}`;
    const [name] = Object.values(named({ [path]: { get: op() } }, { integration: 'my-own-crm' }));
    expect(name).toMatch(/^list_all_my_own_crm_word0_.*_word11_[0-9a-f]{8}$/);
  });

  test.each(
    'aws kubernetes nfs pos saas sds cws timeseries metadata data stats ons sms dns gas lens axis status news series'.split(
      ' ',
    ),
  )('%s is no plural', (word) => {
    expect(singularOf(word)).toBe(word);
  });

  test.each([
    ['companies', 'company'],
    ['people', 'person'],
    ['statuses', 'status'],
    ['addresses', 'address'],
    ['aliases', 'alias'],
    ['ids', 'id'],
    ['vms', 'vm'],
    ['apps', 'app'],
    ['keys', 'key'],
    ['apis', 'api'],
    ['cookies', 'cookie'],
    ['indices', 'index'],
    ['processes', 'process'],
    ['data', 'data'],
  ])('%s: %s', (word, one) => {
    expect(singularOf(word)).toBe(one);
  });
});
