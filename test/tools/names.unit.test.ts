import { createHash } from 'node:crypto';
import { describe, expect, it, test } from 'vitest';
import * as support from './support/documents.ts';
import { documentOf } from './support/documents.ts';

/** The rules of integrations that were made before there were others. */
const FIRST = { naming: 1 } as const;
const derived = (document: unknown, options: Parameters<typeof support.derived>[1] = {}) =>
  support.derived(document, { ...options, ...FIRST });
const toolOf = (verb: string, path: string, operation: object) => support.toolOf(verb, path, operation, {}, FIRST);

const hashOf = (operation: string): string => createHash('sha256').update(operation).digest('hex').slice(0, 8);
const named = (paths: Record<string, unknown>) =>
  Object.fromEntries(
    derived(documentOf(paths)).tools.map(({ verb, request, name }) => [`${verb} ${request.path}`, name]),
  );
const op = (operationId?: string) => ({ summary: 'Does it.', ...(operationId === undefined ? {} : { operationId }) });

describe('the resource is made of the static segments in snake case, joined by _', () => {
  test.each([
    ['/contacts', 'contacts'],
    ['/contacts/', 'contacts'],
    ['/crm/v3/objects/contacts', 'crm_v3_objects_contacts'],
    ['/repos/{owner}/{repo}/issues', 'repos_issues'],
    ['/repos/{owner}/issues/{number}', 'repos_issues'],
    ['/pet/findByStatus', 'pet_find_by_status'],
    ['/secret-scanning/alerts', 'secret_scanning_alerts'],
    ['/HTMLPages', 'html_pages'],
    ['/v2Things/APIKeys', 'v2_things_api_keys'],
    ['/a.b~c', 'a_b_c'],
    ['/Größen', 'gro_en'],
    ['/cafés', 'cafes'],
    ['/compare/{base}...{head}', 'compare'],
    ['/files/{id}.json', 'files'],
    ['/', 'root'],
    ['/{id}', 'root'],
    ['/日本', 'root'],
  ])('%s: %s', (path, resource) => {
    expect(toolOf('get', path, {}).resource).toBe(resource);
  });
});

describe('the method depends on the verb and the last segment', () => {
  test.each([
    ['get', '/contacts', 'list', 'list_all_acme_contacts'],
    ['post', '/contacts', 'create', 'create_a_acme_contact'],
    ['get', '/contacts/{id}', 'get', 'get_single_acme_contact_by_id'],
    ['patch', '/contacts/{id}', 'update', 'update_a_acme_contact_by_id'],
    ['put', '/contacts/{id}', 'update', 'update_a_acme_contact_by_id'],
    ['delete', '/contacts/{id}', 'delete', 'delete_a_acme_contact_by_id'],
    ['post', '/contacts/{id}', 'post_id', 'acme_contact_post_id'],
    ['put', '/contacts', 'put_contacts', 'acme_contact_put_contacts'],
    ['patch', '/contacts', 'patch_contacts', 'acme_contact_patch_contacts'],
    ['delete', '/contacts', 'delete_contacts', 'acme_contact_delete_contacts'],
    ['head', '/contacts/{contactId}', 'head_contact_id', 'acme_contact_head_contact_id'],
    ['options', '/contacts', 'options_contacts', 'acme_contact_options_contacts'],
    ['put', '/', 'put_root', 'acme_root_put_root'],
  ])('%s %s is %s: %s', (verb, path, method, name) => {
    expect(toolOf(verb, path, {})).toMatchObject({ verb: verb.toUpperCase(), method, name });
  });

  it('is custom for a PUT beside a PATCH, even one without a tool', () => {
    const { tools } = derived(documentOf({ '/contacts/{id}': { put: op('replaceContact'), patch: {} } }));
    expect(tools).toMatchObject([{ verb: 'PUT', method: 'replace_contact', name: 'acme_contact_replace_contact' }]);
  });

  it.each([
    ['replaceAll', 'replace_all'],
    ['contacts/replace-all', 'contacts_replace_all'],
    ['', 'put_contacts'],
    ['***', 'put_contacts'],
    [7, 'put_contacts'],
  ])('has the operationId %j in snake case as a custom name', (operationId, method) => {
    expect(toolOf('put', '/contacts', { operationId }).method).toBe(method);
  });

  it.each(['list', 'GET', 'create', 'Update', 'delete', 'read', 'Write', 'CUSTOM'])(
    'is never named %s if it is custom, because that word selects other tools',
    (operationId) => {
      expect(toolOf('put', '/contacts', { operationId }).method).toBe('put_contacts');
    },
  );
});

describe('the last word of the resource is singular in all names except list', () => {
  test.each([
    ['get', '/companies', 'list_all_acme_companies'],
    ['get', '/company', 'list_all_acme_company'],
    ['post', '/companies', 'create_a_acme_company'],
    ['post', '/users/{id}/addresses', 'create_a_acme_users_address'],
    ['get', '/people/{id}', 'get_single_acme_person_by_id'],
    ['get', '/org/people/{id}', 'get_single_acme_org_person_by_id'],
    ['get', '/news/{id}', 'get_single_acme_news_by_id'],
    ['delete', '/statuses/{id}', 'delete_a_acme_status_by_id'],
  ])('%s %s: %s', (verb, path, name) => {
    expect(toolOf(verb, path, {}).name).toBe(name);
  });

  it('begins with the integration, with _ for -', () => {
    const { tools } = derived(documentOf({ '/contacts': { get: op() } }), { integration: 'my-crm-2' });
    expect(tools[0]?.name).toBe('list_all_my_crm_2_contacts');
  });
});

describe('names that are too long or repeated get a hash of METHOD and path', () => {
  const long = `/${'a'.repeat(60)}`;

  it('keeps a name of 64 characters, and cuts one of 65 to 55', () => {
    const of64 = `/${'a'.repeat(64 - 'list_all_acme_'.length)}`;
    expect(named({ [of64]: { get: op() }, [`${of64}a`]: { get: op() } })).toEqual({
      [`GET ${of64}`]: `list_all_acme_${of64.slice(1)}`,
      [`GET ${of64}a`]: `list_all_acme_${'a'.repeat(41)}_${hashOf(`GET ${of64}a`)}`,
    });
  });

  it('adds a hash to every repeated name, in any order', () => {
    const paths = { '/a/b': { get: op() }, '/a/{x}/b': { get: op() }, '/a_b': { get: op() }, '/a/c': { get: op() } };
    const expected = {
      'GET /a/b': `list_all_acme_a_b_${hashOf('GET /a/b')}`,
      'GET /a/{x}/b': `list_all_acme_a_b_${hashOf('GET /a/{x}/b')}`,
      'GET /a_b': `list_all_acme_a_b_${hashOf('GET /a_b')}`,
      'GET /a/c': 'list_all_acme_a_c',
    };
    expect(named(paths)).toEqual(expected);
    expect(named(Object.fromEntries(Object.entries(paths).toReversed()))).toEqual(expected);
  });

  it('hashes the path as written in the document', () => {
    expect(named({ [`${long}/{Id}`]: { get: op() } })).toEqual({
      [`GET ${long}/{Id}`]: `get_single_acme_${'a'.repeat(39)}_${hashOf(`GET ${long}/{Id}`)}`,
    });
  });

  it('ignores operations without a tool', () => {
    expect(named({ '/a/b': { get: op() }, '/a_b': { get: {} } })).toEqual({ 'GET /a/b': 'list_all_acme_a_b' });
  });

  it('adds a hash to a plain name that equals a hashed one', () => {
    const hashed = `a_b_${hashOf('GET /a/b')}`;
    const paths = { '/a/b': { get: op() }, '/a_b': { get: op() }, [`/${hashed}`]: { get: op() } };
    expect(named(paths)).toEqual({
      'GET /a/b': `list_all_acme_${hashed}`,
      'GET /a_b': `list_all_acme_a_b_${hashOf('GET /a_b')}`,
      [`GET /${hashed}`]: `list_all_acme_${hashed}_${hashOf(`GET /${hashed}`)}`,
    });
  });

  it('skips operations that even the hash does not distinguish', () => {
    // Found by search: two paths that begin alike, and whose hashes are equal in their first 8 digits.
    const [first, second] = collision();
    const { tools, skipped } = derived(documentOf({ [first]: { get: op() }, [second]: { get: op() } }));
    expect(tools).toEqual([]);
    expect(skipped).toEqual(
      [first, second].map((path) => ({
        operation: `GET ${path}`,
        reason: 'Its name is taken by another operation.',
      })),
    );
  });

  function collision(): [string, string] {
    const seen = new Map<string, string>();
    for (let number = 0; ; number += 1) {
      const path = `${long}/${number}`;
      const hash = hashOf(`GET ${path}`);
      const other = seen.get(hash);
      if (other !== undefined) {
        return [other, path];
      }
      seen.set(hash, path);
    }
  }
});

describe('tags', () => {
  it('are those of the operation, its resource and its method, each once', () => {
    const paths = { '/contacts': { get: { ...op(), tags: ['people', 'crm', 7] }, post: op() } };
    const toolTags = {
      contacts: ['crm', 'sales'],
      'contacts.list': ['cheap'],
      'contacts.create': ['costly'],
      list: ['no'],
    };
    expect(derived(documentOf(paths), { toolTags }).tools.map(({ tags }) => tags)).toEqual([
      ['people', 'crm', 'sales', 'cheap'],
      ['crm', 'sales', 'costly'],
    ]);
  });

  it('are not read from the prototype', () => {
    expect(derived(documentOf({ '/constructor': { get: op() } }), { toolTags: {} }).tools[0]?.tags).toEqual([]);
  });
});

describe('annotations', () => {
  test.each([
    ['get', { readOnlyHint: true }],
    ['post', {}],
    ['put', { idempotentHint: true }],
    ['patch', {}],
    ['delete', { destructiveHint: true }],
  ])('%s: %j', (verb, annotations) => {
    expect(toolOf(verb, '/contacts/{id}', {}).annotations).toEqual(annotations);
  });
});
