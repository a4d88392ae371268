import { EventEmitter } from 'node:events';
import type { Request, Response } from 'express';
import { expect, test } from 'vitest';
import type { Caller } from '../../src/base/caller.ts';
import { ApiError } from '../../src/base/errors.ts';
import { limitUnderWay } from '../../src/http/under-way.ts';

const callerOf = (organizationId: string): Caller => ({
  kind: 'api_token',
  id: 'id',
  name: 'name',
  organizationId,
  permissions: ['accounts'],
});

test('limits the requests under way of an organization, without affecting others', () => {
  const limit = limitUnderWay(2);
  const ask = (caller: Caller | undefined): EventEmitter => {
    const response = Object.assign(new EventEmitter(), { closed: false });
    let isServed = false;
    limit({ caller } as Request, response as unknown as Response, () => {
      isServed = true;
    });
    expect(isServed).toBe(true);
    return response;
  };
  const [many, one] = [callerOf('org_many'), callerOf('org_one')];
  const first = ask(many);
  ask(many);
  expect(() => ask(many)).toThrow(ApiError);
  expect(() => ask(many)).toThrow('2 requests under way');
  ask(one);
  first.emit('close');
  ask(many);
  expect(() => ask(many)).toThrow(ApiError);
  for (const stranger of [undefined, undefined, undefined]) {
    ask(stranger);
  }
});
