import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Operation } from '../../src/contract/document.ts';
import { resolve } from '../../src/contract/document.ts';
import { defaultServer } from '../../src/docs/document.ts';
import { call, operations, send } from '../support/client.ts';
import { startMock, startPrism } from '../support/mock.ts';
import { document, startTestServer } from '../support/server.ts';
import { exampleBody, invalidStatus, json } from '../support/world.ts';

let mock: Awaited<ReturnType<typeof startMock>>;
beforeAll(async () => {
  mock = await startMock();
});
afterAll(() => mock.stop());

/** An example with the addresses of this mock. */
const here = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value).replaceAll(defaultServer(document), mock.url));
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
  const [success, answer] = answers.find(([status]) => status.startsWith('2')) ?? ['', { content: {} }];
  // The first media type is what a client gets that takes anything.
  const examples = Object.entries(Object.values(answer.content ?? {})[0]?.examples ?? {});

  // The others have no state, so they answer as they do on the server.
  test.runIf(!operation.raw)(`answers ${success} with the first example`, async () => {
    const { status, body } = await ask(operation);
    expect([status, body]).toEqual([Number(success), here(examples[0]?.[1].value ?? '')]);
  });

  test.each(examples)('answers Prefer: example=%s', async (name, { value }) => {
    expect((await ask(operation, { headers: { Prefer: `example=${name}` } })).body).toEqual(here(value));
  });

  const errors = answers.map(([status]) => status).filter((status) => /^[45]/.test(status));
  test.each(errors)('answers Prefer: code=%s', async (status) => {
    expect((await ask(operation, { headers: { Prefer: `code=${status}` } })).status).toBe(Number(status));
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
  const names = operations.map(({ id, object }) => {
    const examples = Object.values(object.responses).flatMap((answer) =>
      Object.values(resolve(document, answer).content ?? {}).flatMap((content) => Object.keys(content.examples ?? {})),
    );
    return `${id}: ${examples.filter((name) => !ERRORS.has(name)).join(' ')}`;
  });
  expect(names).toMatchInlineSnapshot(`
    [
      "getIndex: index",
      "listAuditEvents: first_page last_page empty",
      "listSharedServers: several empty",
      "createSharedServer: remote local_process unreachable restart_required disabled",
      "getSharedServer: remote local_process",
      "updateSharedServer: every_field no_changes unreachable restart_required disabled",
      "deleteSharedServer: deleted",
      "getSharedServerOrganizations: some all none",
      "setSharedServerOrganizations: some all none",
      "checkSharedServerTools: ok failed",
      "listOrganizations: one empty",
      "createOrganization: acme",
      "getOrganization: acme",
      "deleteOrganization: deleted",
      "listApiKeys: one empty",
      "createApiKey: every_permission quota_exceeded",
      "deleteApiKey: deleted",
      "listApiTokens: one empty",
      "createApiToken: never_expires quota_exceeded",
      "deleteApiToken: deleted",
      "getOrganizationUsage: quotas no_quotas",
      "getRuntimeStatus: several empty",
      "listMcpServers: first_page last_page empty",
      "createMcpServer: minimal quota_exceeded",
      "getMcpServer: websocket streamable_http",
      "updateMcpServer: every_field",
      "deleteMcpServer: deleted",
      "updateApprovalPolicy: read_only",
      "listToolApprovals: one empty",
      "addToolApproval: auto_approve too_many",
      "removeToolApproval: revoked",
      "listMcpServerTools: every_state empty",
      "getDocs: page not_built",
      "getDocsPage: page",
      "getHealth: ok",
      "listAccounts: first_page last_page server empty",
      "createAccount: api_key quota_exceeded",
      "getAccount: active server",
      "updateAccount: new_key",
      "deleteAccount: deleted",
      "listAccountTools: some server empty",
      "listEndpoints: first_page last_page empty",
      "createEndpoint: everything scoped quota_exceeded",
      "getEndpoint: active expired",
      "updateEndpoint: renamed",
      "deleteEndpoint: deleted",
      "listIntegrations: first_page last_page empty",
      "createIntegration: document quota_exceeded",
      "getIntegration: petstore",
      "updateIntegration: tags quota_exceeded",
      "deleteIntegration: deleted",
      "listIntegrationTools: some empty",
      "getLlmsTxt: index",
      "openStreamWithBearer: list_changed parse_error too_many_values invalid_token method_not_found no_memory",
      "sendWithBearer: list_tools unknown_tool list_tools parse_error too_many_values invalid_token method_not_found no_memory",
      "endSessionWithBearer: invalid_token method_not_found no_memory",
      "openEndpointStream: list_changed connect parse_error too_many_values invalid_token method_not_found no_memory",
      "sendToEndpoint: list_tools unknown_tool list_tools parse_error too_many_values invalid_token method_not_found no_memory",
      "endEndpointSession: invalid_token method_not_found no_memory",
      "getMetrics: some",
      "getOpenApiJson: document",
      "getOpenApiYaml: document",
      "getReadiness: ready database_down",
    ]
  `);
});

const ERRORS = new Set([
  'bad_request',
  'unauthorized',
  'forbidden',
  'not_found',
  'server_not_found',
  'precondition_failed',
  'validation_failed',
  'auth_required',
  'conflict',
  'method_not_allowed',
  'server_failed',
  'reload_failed',
]);

test('the document that a server publishes is mocked without a clone', async () => {
  const server = await startTestServer();
  const published = await startPrism(`${server.url}/openapi.json`);
  const answer = await call(published.url, 'getMcpServer', {
    path: { mcpServerId: 'mcp_8c180796-e6d7-4343-88b5-5df0846fef69' },
  });
  expect(answer.body.data.name).toBe('Updated Server Name');
  await published.stop();
  await server.stop();
});
