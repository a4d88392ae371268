import { setTimeout as delay } from 'node:timers/promises';
import type { components } from '../../generated/api.ts';
import { isObject } from '../base/is-object.ts';
import { reasonOfNoAnswer } from '../base/no-answer.ts';
import { createClient } from '../client/client.ts';
import { httpUrl, parseConfig } from '../config.ts';
import { UsageError } from './arguments.ts';
import type { Context } from './command.ts';

type Schemas = components['schemas'];

/** A client of a running gateway's Operator API for shared servers. Every method throws GatewayRefused. */
export type Gateway = {
  readonly list: () => Promise<Schemas['SharedServer'][]>;
  /** If `isLenient`, the gateway saves a server even if it cannot connect to it. */
  readonly create: (body: Schemas['SharedServerCreate'], isLenient: boolean) => Promise<Schemas['SharedServerSaved']>;
  readonly update: (
    id: string,
    changes: Schemas['SharedServerPatch'],
    isLenient: boolean,
  ) => Promise<Schemas['SharedServerSaved']>;
};

/** The gateway is unreachable, or refused the request. The message gives the reason and contains no secret. */
export class GatewayRefused extends Error {}

/** The part of a command's help about its gateway. */
export const GATEWAY_USAGE = `The gateway must be running. Its URL is --url, or else GATEHOUSE_PUBLIC_URL, or else GATEHOUSE_HOST and GATEHOUSE_PORT
(127.0.0.1 and 8080). GATEHOUSE_ADMIN_TOKEN is the operator token. A gateway with GATEHOUSE_ADMIN_AUTH=none needs
none.`;

/**
 * Creates a client of the gateway at the given URL, or at the URL that the environment configures. Sends nothing yet. Throws
 * UsageError and ConfigError.
 */
export function gatewayAt(givenUrl: string | undefined, env: Context['env']): Gateway {
  const { adminToken } = parseConfig(env);
  const baseUrl = urlOf(givenUrl, env);
  // A redirect would not carry the credentials.
  const client = createClient({ baseUrl, operatorToken: adminToken ?? undefined, redirect: 'manual' });
  const ask = <T>(send: () => Promise<Answer<T>>) => answerOf(baseUrl, adminToken !== null, send);
  const prefer = (isLenient: boolean) => (isLenient ? { Prefer: 'handling=lenient' } : {});
  return {
    list: async () => {
      const servers = await ask(() => client.GET('/admin/api/v1/mcp-servers'));
      if (!Array.isArray(servers)) {
        throw notGatehouse(baseUrl);
      }
      return servers;
    },
    create: (body, isLenient) =>
      ask(() => client.POST('/admin/api/v1/mcp-servers', { params: { header: prefer(isLenient) }, body })),
    update: (id, body, isLenient) => {
      const params = { path: { mcp_id: id }, header: prefer(isLenient) };
      return ask(() => client.PATCH('/admin/api/v1/mcp-servers/{mcp_id}', { params, body }));
    },
  };
}

/** Returns the URL of a gateway: the given one, or that which the environment configures. Throws UsageError, ConfigError. */
export function urlOf(givenUrl: string | undefined, env: Context['env']): string {
  const { publicUrl, host, port } = parseConfig(env);
  const own = publicUrl ?? `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return givenUrl === undefined ? own : checked(givenUrl);
}

function checked(url: string): string {
  try {
    return httpUrl(url);
  } catch (error) {
    throw new UsageError(`--url: ${(error as Error).message}`);
  }
}

type Answer<T> = { readonly data?: T; readonly error?: unknown; readonly response: Response };

async function answerOf<T>(url: string, hasToken: boolean, send: () => Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await send().catch((failure: unknown) => {
    throw failure instanceof SyntaxError ? notGatehouse(url) : unreachable(url, failure);
  });
  if (response.status === 429) {
    await delay(1000 * (Number(response.headers.get('retry-after')) || 1));
    return answerOf(url, hasToken, send);
  }
  if (data !== undefined) {
    return data;
  }
  throw response.status === 401 ? new GatewayRefused(unauthorized(url, hasToken)) : refused(url, error);
}

/** The gateway is unreachable. */
export class GatewayUnreachable extends GatewayRefused {}

/** The error for a gateway that does not answer. */
export const unreachable = (url: string, failure: unknown): GatewayUnreachable =>
  new GatewayUnreachable(`${url} does not answer: ${reasonOfNoAnswer(failure)}. Is it running?`);

const notGatehouse = (url: string): GatewayRefused =>
  new GatewayRefused(`The server at ${url} is not a Gatehouse with an Operator API. Check the URL.`);

const unauthorized = (url: string, hasToken: boolean): string =>
  hasToken
    ? `${url} refuses the operator token: GATEHOUSE_ADMIN_TOKEN belongs to another gateway.`
    : `${url} requires the operator token: set GATEHOUSE_ADMIN_TOKEN.`;

/** Makes an error from an error answer of the Operator API, with its mistakes and reasons. */
function refused(url: string, body: unknown): GatewayRefused {
  const { error, reload } = isObject(body) ? body : {};
  if (!isObject(error) || typeof error.message !== 'string') {
    return notGatehouse(url);
  }
  const mistakes: { field: string; message: string }[] = Array.isArray(error.fieldErrors) ? error.fieldErrors : [];
  const reasons = mistakes.map(({ field, message }) => `${field.replace(/^body\.(?:mcpServer\.)?/, '')} ${message}.`);
  const reason = isObject(reload) && typeof reload.error === 'string' ? [reload.error] : [];
  return new GatewayRefused([error.message, ...reasons, ...reason].join(' '));
}
