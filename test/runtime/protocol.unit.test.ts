import {
  ClientNotificationSchema,
  ClientRequestSchema,
  DiscoverRequestSchema,
  SubscriptionsListenRequestSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/core';
import * as core from '@modelcontextprotocol/core/internal';
import { describe, expect, test } from 'vitest';
import { RPC_ERROR_CODES } from '../../src/base/rpc-error-codes.ts';
import { isKnownNotification, isKnownRequest } from '../../src/gateway/methods.ts';
import {
  cancelledNotification,
  HANDSHAKE_VERSIONS,
  INITIALIZED_NOTIFICATION,
  initializeParams,
  META_PREFIX,
  STATELESS_VERSION,
  TOOLS_CHANGED,
  withStatelessMeta,
} from '../../src/runtime/protocol.ts';

type Methods = { readonly options: readonly { readonly shape: { readonly method: { readonly value: string } } }[] };
const methodsOf = ({ options }: Methods): string[] => options.map(({ shape }) => shape.method.value);

describe('our constants agree with those of @modelcontextprotocol/core', () => {
  test('versions with a handshake', () => {
    expect(HANDSHAKE_VERSIONS[0]).toBe(core.LATEST_PROTOCOL_VERSION);
    expect(core.SUPPORTED_PROTOCOL_VERSIONS).toEqual(expect.arrayContaining([...HANDSHAKE_VERSIONS]));
    expect(core.SUPPORTED_PROTOCOL_VERSIONS).not.toContain(STATELESS_VERSION);
  });

  test('codes of errors', () => {
    const { parseError, invalidRequest, methodNotFound, invalidParams, internalError } = RPC_ERROR_CODES;
    expect({ parseError, invalidRequest, methodNotFound, invalidParams, internalError }).toEqual({
      parseError: core.PARSE_ERROR,
      invalidRequest: core.INVALID_REQUEST,
      methodNotFound: core.METHOD_NOT_FOUND,
      invalidParams: core.INVALID_PARAMS,
      internalError: core.INTERNAL_ERROR,
    });
    const values = Object.values(RPC_ERROR_CODES);
    expect(new Set(values).size).toBe(values.length);
  });

  test('keys in _meta', () => {
    expect(Object.keys(withStatelessMeta({})._meta as object)).toEqual([
      core.PROTOCOL_VERSION_META_KEY,
      core.CLIENT_INFO_META_KEY,
      core.CLIENT_CAPABILITIES_META_KEY,
    ]);
    expect(`${META_PREFIX}serverInfo`).toBe(core.SERVER_INFO_META_KEY);
  });

  test.each(methodsOf(ClientRequestSchema as unknown as Methods))('the request %s is known in an era', (method) => {
    expect([isKnownRequest('handshake', method), isKnownRequest('stateless', method)]).toContain(true);
    expect(isKnownRequest('handshake', `${method}s`)).toBe(false);
  });

  test.each(methodsOf(ClientNotificationSchema as unknown as Methods))('the notification %s is known', (method) => {
    expect(isKnownNotification(method)).toBe(true);
    expect(isKnownNotification(`${method}s`)).toBe(false);
  });

  test('requests of the stateless version are not requests of a session', () => {
    for (const { shape } of [DiscoverRequestSchema, SubscriptionsListenRequestSchema]) {
      expect(isKnownRequest('stateless', shape.method.value)).toBe(true);
      expect(isKnownRequest('handshake', shape.method.value)).toBe(false);
    }
  });
});

describe('messages of the gateway itself pass the schemas of @modelcontextprotocol/core', () => {
  test('initialize', () => {
    core.InitializeRequestSchema.parse({ method: 'initialize', params: initializeParams('2025-11-25') });
  });

  test('notifications', () => {
    expect(ToolListChangedNotificationSchema.shape.method.value).toBe(TOOLS_CHANGED);
    core.InitializedNotificationSchema.parse(INITIALIZED_NOTIFICATION);
    core.CancelledNotificationSchema.parse(cancelledNotification(7));
    expect(() => core.CancelledNotificationSchema.parse({ method: 'notifications/canceled' })).toThrow();
  });
});
