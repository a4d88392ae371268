import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Operation } from '../../src/contract/document.ts';
import { resolve } from '../../src/contract/document.ts';
import { defaultServer } from '../../src/docs/document.ts';
import { choicesOf } from '../../src/mock/preferences.ts';
import { askOnce, type Method } from '../support/ask-once.ts';
import { call, credentialHeaders, meantFor, operations, send } from '../support/client.ts';
import { startMock, startPrism } from '../support/mock.ts';
import { document, startTestServer } from '../support/server.ts';
import { exampleBody, invalidStatus, json } from '../support/world.ts';

let mock: Awaited<ReturnType<typeof startMock>>;
beforeAll(async () => {
  mock = await startMock();
});
afterAll(() => mock.stop());

/** An example with the addresses of this mock. */
const here = (value: unknown) => JSON.parse(JSON.stringify(value).replaceAll(defaultServer(document), mock.url));
/** Ids as the document's examples have them. */
const examplePath = ({ path, parameters }: Operation) =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const parameter = parameters.find((candidate) => candidate.name === name);
    return encodeURIComponent(String((parameter as { example?: string } | undefined)?.example));
  });
const ask = (operation: Operation, more: Parameters<typeof send>[3] = {}) =>
  send(mock.url, operation, examplePath(operation), {
    body: exampleBody(operation),
    ...more,
    headers: { ...requiredHeaders(operation), ...more.headers },
  });
const requiredHeaders = ({ parameters }: Operation) =>
  Object.fromEntries(
    (parameters as { name: string; in: string; required?: boolean; example?: string }[])
      .filter((parameter) => parameter.in === 'header' && parameter.required === true)
      .map(({ name, example }) => [name, example ?? '']),
  );

describe.each(operations)('$id', (operation) => {
  const answers = Object.entries(operation.object.responses).map(
    ([status, answer]) => [status, resolve(document, answer)] as const,
  );
  const [success, answer] = answers.find(([status]) => /^[23]/.test(status)) ?? ['', { content: {} }];
  // The first media type is what a client gets that takes anything.
  const examples = Object.entries(Object.values(answer.content ?? {})[0]?.examples ?? {});

  // The others have no state, so they answer as they do on the server.
  test.runIf(!operation.raw)(`answers ${success} with the first example`, async () => {
    const { status, body } = await ask(operation);
    expect([status, body]).toEqual([Number(success), here(examples[0]?.[1].value ?? '')]);
  });

  test('answers Prefer: dynamic=true', async () => {
    const headers = {
      ...credentialHeaders(meantFor(operation)),
      ...requiredHeaders(operation),
      Prefer: 'dynamic=true',
    };
    const answer = await askOnce(mock.url, operation.method as Method, examplePath(operation), {
      headers,
      body: exampleBody(operation),
    });
    expect(answer.status).toBe(Number(success));
  });

  test.each(examples)('answers Prefer: example=%s', async (name, { value }) => {
    expect((await ask(operation, { headers: { Prefer: `example=${name}` } })).body).toEqual(here(value));
  });

  const errors = choicesOf(document, operation).filter((choice) => choice.status >= 400);
  test('answers each documented error, by its status and by its name', async () => {
    for (const choice of errors) {
      // Without a name the first example of its status is meant.
      const isFirst = errors.find(({ status }) => status === choice.status) === choice;
      for (const name of [`, example=${choice.name}`, ...(isFirst ? [''] : [])]) {
        const answer = await ask(operation, { headers: { Prefer: `code=${choice.status}${name}` } });
        expect(answer.status).toBe(choice.status);
        for (const [header, value] of Object.entries(choice.headers)) {
          expect(answer.headers.get(header)).toBe(String(here(value)));
        }
      }
    }
  });
});

describe.each(json.filter(({ object }) => object.requestBody !== undefined))('$id', (operation) => {
  test('refuses an invalid body', async () => {
    const { status } = await ask(operation, { body: { nonsense: true } });
    expect(status).toBe(invalidStatus(operation));
  });
});

describe.each(json.filter(({ object }) => (object.security ?? []).length > 0))('$id', (operation) => {
  test('refuses somebody without credentials', async () => {
    expect((await ask(operation, { as: 'nobody' })).status).toBe(401);
  });
});

test('the names of the examples are what front-ends choose by', () => {
  const names = operations.map((operation) => {
    const choices = choicesOf(document, operation).filter(({ status, name }) => status < 400 && name !== null);
    return `${operation.id}: ${choices.map(({ name }) => name).join(' ')}`;
  });
  const errors = new Set(
    operations
      .flatMap((operation) => choicesOf(document, operation).filter(({ status }) => status >= 400))
      .map(({ name }) => name),
  );
  expect([...errors].toSorted()).toMatchInlineSnapshot(`
    [
      "account_is_a_server",
      "auth_required",
      "bad_request",
      "body_too_large",
      "conflict",
      "database_down",
      "disabled",
      "expired",
      "forbidden",
      "headers_too_large",
      "internal_error",
      "invalid_token",
      "malformed_json",
      "malformed_request",
      "method_not_allowed",
      "method_not_found",
      "mixed_organizations",
      "no_memory",
      "not_built",
      "not_found",
      "not_kept",
      "not_signed_in",
      "other_arguments",
      "page",
      "parse_error",
      "precondition_failed",
      "quota_exceeded",
      "rate_limited",
      "reload_failed",
      "request_timeout",
      "same_approver",
      "server_failed",
      "server_not_found",
      "too_many",
      "too_many_sign_ins",
      "too_many_values",
      "unauthorized",
      "unavailable",
      "unsupported_media_type",
      "validation_failed",
      "wrong_credentials",
    ]
  `);
  expect(names).toMatchInlineSnapshot(`
    [
      "getIndex: index",
      "listAuditEvents: last_page first_page empty",
      "listSharedServers: several empty",
      "createSharedServer: remote local_process unreachable restart_required disabled",
      "getSharedServer: remote local_process",
      "updateSharedServer: every_field no_changes unreachable restart_required disabled",
      "deleteSharedServer: deleted",
      "getSharedServerOrganizations: some all none",
      "setSharedServerOrganizations: some all none",
      "checkSharedServerTools: ok failed",
      "listMembers: two empty",
      "createMember: group",
      "deleteMember: deleted",
      "listOrganizations: one empty",
      "createOrganization: acme",
      "getOrganization: acme",
      "deleteOrganization: deleted",
      "listApiKeys: one empty",
      "createApiKey: every_permission",
      "deleteApiKey: deleted",
      "listApiTokens: one empty",
      "createApiToken: never_expires",
      "deleteApiToken: deleted",
      "getOrganizationUsage: quotas no_quotas",
      "getOperatorOverview: busy quiet",
      "getRuntimeStatus: several empty",
      "listApprovalRequests: pending empty",
      "streamApprovalEvents: requested",
      "getApprovalRequest: pending changed",
      "decideApprovalRequest: approved first_of_two",
      "checkMcpServer: connected unreachable",
      "listMcpServers: last_page first_page empty",
      "createMcpServer: minimal",
      "getMcpServer: websocket streamable_http",
      "updateMcpServer: every_field",
      "deleteMcpServer: deleted",
      "updateApprovalPolicy: read_only",
      "listToolApprovals: one empty",
      "addToolApproval: auto_approve",
      "removeToolApproval: revoked",
      "listMcpServerTools: every_state empty",
      "getOverview: busy quiet",
      "listWebhooks: two empty",
      "createWebhook: created",
      "getWebhook: delivered",
      "updateWebhook: events",
      "deleteWebhook: deleted",
      "rotateWebhookSecret: rotated",
      "testWebhook: queued",
      "getApprovalPage: approval_page",
      "getSession: organization operator",
      "createSession: key_pair operator",
      "deleteSession: ",
      "beginSignIn: ",
      "finishSignIn: ",
      "getDocs: page",
      "getDocsPage: page html_page",
      "getHealth: ok",
      "listAccounts: last_page first_page server empty",
      "createAccount: api_key",
      "getAccount: active server",
      "updateAccount: new_key",
      "deleteAccount: deleted",
      "listAccountToolApprovals: one empty",
      "addAccountToolApproval: until",
      "removeAccountToolApproval: revoked",
      "listAccountTools: some server empty",
      "listEndpoints: last_page first_page empty",
      "createEndpoint: everything scoped discovery",
      "getEndpoint: active expired",
      "updateEndpoint: renamed",
      "deleteEndpoint: deleted",
      "listIntegrations: last_page first_page empty",
      "createIntegration: document",
      "getIntegration: petstore",
      "updateIntegration: tags naming",
      "deleteIntegration: deleted",
      "listIntegrationTools: some empty",
      "getLlmsTxt: index",
      "openStreamWithBearer: list_changed",
      "sendWithBearer: list_tools unknown_tool list_tools",
      "endSessionWithBearer: ",
      "openEndpointStream: list_changed connect",
      "sendToEndpoint: list_tools unknown_tool list_tools",
      "endEndpointSession: ",
      "getMetrics: some",
      "getOpenApiJson: document",
      "getOpenApiYaml: document",
      "getReadiness: ready",
    ]
  `);
});

test('errors on purpose, slow answers, and bodies made from schemas', async () => {
  let chance = 0;
  const faults = [{ operation: 'listMcpServers', status: 503, rate: 0.5 }];
  const odd = await startMock({ faults, random: () => chance, latencyMs: 50, isDynamic: true });
  const list = (headers = {}) => call(odd.url, 'listMcpServers', { headers });
  const order: string[] = [];
  const [failed] = await Promise.all([
    list().finally(() => order.push('answer')),
    setTimeout(25).finally(() => order.push('timer')),
  ]);
  expect(order).toEqual(['timer', 'answer']);
  expect([failed.status, failed.headers.get('retry-after')]).toEqual([503, '1']);
  expect((await list({ Prefer: 'code=429' })).status).toBe(429);
  chance = 0.5;
  // It need not be valid: Prism knows none of the document's own formats.
  const made = await askOnce(odd.url, 'get', '/api/mcp-servers', { headers: credentialHeaders('team') });
  expect(made.status).toBe(200);
  expect(made.body.data).toHaveProperty('servers');
  const example = await list({ Prefer: 'dynamic=false' });
  expect(example.body.data.total_count).toBe(2);
  expect(made.body).not.toEqual(example.body);
  expect((await list({ Prefer: 'example=empty' })).body.data.servers).toEqual([]);
  await odd.stop();
});

test('Prism alone serves the document that a server publishes, and its named errors', async () => {
  const server = await startTestServer();
  const published = await startPrism(`${server.url}/openapi.json`);
  const answer = await call(published.url, 'getMcpServer', {
    path: { mcpServerId: 'mcp_8c180796-e6d7-4343-88b5-5df0846fef69' },
  });
  expect(answer.body.data.name).toBe('Updated Server Name');
  const limited = await call(published.url, 'getMcpServer', {
    path: { mcpServerId: 'mcp_8c180796-e6d7-4343-88b5-5df0846fef69' },
    headers: { Prefer: 'code=429, example=rate_limited' },
  });
  expect([limited.status, limited.body.message]).toEqual([429, 'Too many requests']);
  expect((await call(published.url, 'createMcpServer', { body: { nonsense: true } })).status).toBe(400);
  await published.stop();
  await server.stop();
});
