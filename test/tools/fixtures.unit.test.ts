import { describe, expect, it } from 'vitest';
import { derive } from '../../src/tools/derive.ts';
import { FIXTURES, hasFixtures, parseFixture, readFixture } from './support/fixtures.ts';
import { nameAll } from './support/oracle.ts';
import { compile, danglingReferences, instanceOf, unreachableDefinitions } from './support/schemas.ts';

describe.runIf(hasFixtures).each(FIXTURES)('$file', ({ file, integration, operations }) => {
  const derived = () => derive(readFixture(file), { integration });
  let found: ReturnType<typeof derived> | undefined;
  /** Derived once: the tests only look at it. */
  const read = () => (found ??= derived());
  let parsed: ReturnType<typeof parseFixture> | undefined;
  const parse = () => (parsed ??= parseFixture(file));

  it('gives a tool for every operation', () => {
    const { tools, skipped } = read();
    expect(skipped).toEqual([]);
    expect(tools).toHaveLength(operations);
  });

  it('has other names of no more characters by the newer rules', () => {
    const names = read().tools.map(({ name }) => name);
    expect(new Set(names).size).toBe(operations);
    expect(names.filter((name) => !/^[a-z0-9_]{1,64}$/.test(name))).toEqual([]);
  });

  it('has the expected resources, methods and names by the first rules', () => {
    const { tools: first } = derive(readFixture(file), { integration, naming: 1 });
    const tools = first.map(({ verb, request: { path }, resource, method, name }) => ({
      verb,
      path,
      resource,
      method,
      name,
    }));
    const key = ({ verb, path }: { verb: string; path: string }) => `${path} ${verb}`;
    const order = <T extends { verb: string; path: string }>(all: T[]) =>
      all.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
    expect(order(tools)).toEqual(order(nameAll(integration, parse().paths)));
  });

  it('has the tags of its operations', () => {
    const { paths } = parse();
    for (const { verb, request, tags } of read().tools) {
      expect(tags).toEqual(paths[request.path]?.[verb.toLowerCase()]?.tags ?? []);
    }
  });

  it('has valid, different names that do not depend on the order', () => {
    const document = parse();
    const names = ({ tools }: ReturnType<typeof derived>) =>
      tools.map(({ verb, request, name }) => `${verb} ${request.path} ${name}`).toSorted();
    const [once, again] = [read(), derived()];
    expect(again).toEqual(once);
    expect(new Set(once.tools.map(({ name }) => name)).size).toBe(operations);
    for (const { name } of once.tools) {
      expect(name).toMatch(/^[a-z0-9_]{1,64}$/);
    }
    const turned = Object.fromEntries(
      Object.entries(document.paths)
        .toReversed()
        .map(([path, item]) => [path, Object.fromEntries(Object.entries(item).toReversed())]),
    );
    expect(names(derive(JSON.stringify({ ...document, paths: turned }), { integration }))).toEqual(names(once));
  });

  it('has schemas that compile, refer only to themselves, contain nothing else, and accept values', () => {
    for (const { name, inputSchema, outputSchema } of read().tools) {
      for (const schema of outputSchema === undefined ? [inputSchema] : [inputSchema, outputSchema]) {
        expect(schema.type).toBe('object');
        expect(danglingReferences(schema), name).toEqual([]);
        expect(unreachableDefinitions(schema), name).toEqual([]);
        const validate = compile(schema);
        for (const fully of [false, true]) {
          const value = instanceOf(schema, fully);
          expect(validate(value), `${name}: ${JSON.stringify(value)}: ${JSON.stringify(validate.errors)}`).toBe(true);
        }
      }
    }
  });
});

describe.runIf(hasFixtures)('petstore.openapi.yaml', () => {
  it('has the expected names', () => {
    const { tools } = derive(readFixture('petstore.openapi.yaml'), { integration: 'petstore' });
    expect(tools.map(({ name }) => name)).toEqual([
      'petstore_pet_update_pet',
      'create_a_petstore_pet',
      'list_all_petstore_pet_find_by_status',
      'list_all_petstore_pet_find_by_tags',
      'get_single_petstore_pet_by_id',
      'petstore_pet_update_pet_with_form',
      'delete_a_petstore_pet_by_id',
      'create_a_petstore_pet_upload_image',
      'list_all_petstore_store_inventory',
      'create_a_petstore_store_order',
      'get_single_petstore_store_order_by_id',
      'delete_a_petstore_store_order_by_id',
      'create_a_petstore_user',
      'create_a_petstore_user_create_with_list',
      'list_all_petstore_user_login',
      'list_all_petstore_user_logout',
      'get_single_petstore_user_by_id',
      'update_a_petstore_user_by_id',
      'delete_a_petstore_user_by_id',
    ]);
  });

  it('contains the place of its API key', () => {
    expect(derive(readFixture('petstore.openapi.yaml'), { integration: 'petstore' })).toMatchObject({
      title: 'Swagger Petstore - OpenAPI 3.0',
      servers: [{ url: 'https://petstore3.swagger.io/api/v3', variables: {} }],
      security: [
        { type: 'oauth2', scheme: 'petstore_auth' },
        { type: 'apiKey', scheme: 'api_key', in: 'header', name: 'api_key' },
      ],
    });
  });
});
