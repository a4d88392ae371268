import { Ajv2020 } from 'ajv/dist/2020.js';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CallToolResult } from '../../src/calls/types.ts';
import { derive } from '../../src/tools/derive.ts';
import { hasFixtures, parseFixture, readFixture } from '../tools/support/fixtures.ts';
import { type Calling, callerOf, NOBODY, serviceAt, sharedEgress, textOf } from './support/calls.ts';
import { KEY, petstore } from './support/petstore.ts';
import { startService } from './support/service.ts';

describe.skipIf(!hasFixtures)('the petstore, from its document to its answers', async () => {
  const service = await startService();
  const { tools } = hasFixtures
    ? derive(readFixture('petstore.openapi.yaml'), { integration: 'petstore' })
    : { tools: [] };
  const call = callerOf(sharedEgress(), service.url);
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  const called = new Set<string>();
  let rest: Calling;

  beforeAll(() => {
    const schemes = { api_key: { api_key: KEY }, petstore_auth: { token: KEY } };
    const account = { ...NOBODY, authenticationMethod: 'schemes' as const, context: { schemes } };
    rest = { account, service: serviceAt(`${service.url}/api/v3`, parseFixture('petstore.openapi.yaml')) };
  });
  beforeEach(() => {
    service.answer = petstore();
  });

  /** Calls a tool with arguments that its schema allows; structured content is there, and fits, where a schema is. */
  async function run(name: string, args: Record<string, unknown>): Promise<CallToolResult> {
    const tool = tools.find((one) => one.name === name);
    if (tool === undefined) {
      throw new Error(`no tool ${name}`);
    }
    called.add(name);
    expect(ajv.validate(tool.inputSchema, args), `${name}: ${ajv.errorsText()}`).toBe(true);
    const { result } = await call(tool, args, rest);
    if (!result.isError && tool.outputSchema !== undefined) {
      expect(ajv.validate(tool.outputSchema, result.structuredContent), `${name}: ${ajv.errorsText()}`).toBe(true);
      expect(result.structuredContent).toEqual(JSON.parse(textOf(result)));
    }
    expect(JSON.stringify(result)).not.toContain(KEY);
    return result;
  }
  const value = async (name: string, args: Record<string, unknown>) => JSON.parse(textOf(await run(name, args)));

  const rex = {
    id: 7,
    name: 'Rex / ../',
    photoUrls: ['https://photos.test/7?a=b&c'],
    tags: [{ id: 1, name: 'good, dog' }],
    status: 'available',
  };

  it('pets', async () => {
    expect((await run('create_a_petstore_pet', rex)).structuredContent).toEqual(rex);
    expect(await value('get_single_petstore_pet_by_id', { petId: 7 })).toEqual(rex);
    expect(await value('list_all_petstore_pet_find_by_status', { status: 'available' })).toEqual([rex]);
    expect(await value('list_all_petstore_pet_find_by_status', { status: 'sold' })).toEqual([]);
    expect(await value('list_all_petstore_pet_find_by_tags', { tags: ['x', 'good, dog'] })).toEqual([rex]);
    expect(await value('list_all_petstore_pet_find_by_tags', { tags: ['good', 'dog'] })).toEqual([]);
    expect(await value('petstore_pet_update_pet', { ...rex, status: 'pending' })).toMatchObject({ status: 'pending' });
    const form = { petId: 7, name: 'R&x=#', status: 'sold' };
    expect(await value('petstore_pet_update_pet_with_form', form)).toEqual({ ...rex, name: 'R&x=#', status: 'sold' });
    expect(await value('list_all_petstore_store_inventory', {})).toEqual({ sold: 1 });
    const image = { petId: 7, additionalMetadata: 'ü', body: Buffer.from([255, 0]).toString('base64') };
    expect(await value('create_a_petstore_pet_upload_image', image)).toEqual({ code: 2, type: 'ü', message: 'ff00' });
    expect(textOf(await run('delete_a_petstore_pet_by_id', { petId: 7, api_key: 'mine' }))).toBe(
      `${service.host} answered 200 OK without content.`,
    );
    const gone = await run('get_single_petstore_pet_by_id', { petId: 7 });
    expect(gone.isError).toBe(true);
    expect(JSON.parse(textOf(gone))).toEqual({
      statusCode: 404,
      message: `${service.host} answered 404 Not Found.`,
      truto_is_remote_error: true,
      raw_response: { code: 1, message: 'not found' },
    });
  });

  it('orders', async () => {
    const order = {
      id: 3,
      petId: 7,
      quantity: 1,
      shipDate: '2026-01-01T00:00:00.000Z',
      status: 'placed',
      complete: true,
    };
    expect(await value('create_a_petstore_store_order', order)).toEqual(order);
    expect(await value('get_single_petstore_store_order_by_id', { orderId: 3 })).toEqual(order);
    expect((await run('delete_a_petstore_store_order_by_id', { orderId: 3 })).isError).toBeUndefined();
    expect((await run('delete_a_petstore_store_order_by_id', { orderId: 3 })).isError).toBe(true);
  });

  it('users', async () => {
    const ann = { username: 'Ann/é ?#', password: 'p&w=+', email: 'ann@users.test' };
    expect(await value('create_a_petstore_user', ann)).toEqual(ann);
    expect(await value('get_single_petstore_user_by_id', { username: ann.username })).toEqual(ann);
    const { username, password } = ann;
    expect(await value('list_all_petstore_user_login', { username, password })).toBe(`logged in: ${username}`);
    const wrong = await run('list_all_petstore_user_login', { username, password: 'p' });
    expect(JSON.parse(textOf(wrong)).raw_response).toBe('Invalid username/password supplied');
    await run('list_all_petstore_user_logout', {});
    await run('update_a_petstore_user_by_id', { username, body_username: 'bea', userStatus: 1 });
    expect(await value('get_single_petstore_user_by_id', { username: 'bea' })).toEqual({
      username: 'bea',
      userStatus: 1,
    });
    expect((await run('delete_a_petstore_user_by_id', { username: 'bea' })).isError).toBeUndefined();
    expect((await run('get_single_petstore_user_by_id', { username: 'bea' })).isError).toBe(true);
    const list = [{ username: 'cid' }, { username: 'dee' }];
    expect(await value('create_a_petstore_user_create_with_list', { body: list })).toEqual({ username: 'cid' });
  });

  it('every tool was called', () => {
    expect([...called].toSorted()).toEqual(tools.map(({ name }) => name).toSorted());
  });
});
