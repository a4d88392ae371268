import fc from 'fast-check';
import { expect, test } from 'vitest';
import { purgeExpired } from '../../src/accounts/endpoints.ts';
import { toConnectable } from '../../src/runtime/connectable.ts';
import { saveTools } from '../../src/runtime/save-tools.ts';
import * as servers from '../../src/store/servers.ts';
import { onBothEngines } from '../store/support/harness.ts';
import { countedAnew, kept } from '../store/support/usage.ts';
import { type Answer, call } from '../support/client.ts';
import { NO_QUOTAS } from '../support/quotas.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { PETS } from '../support/world.ts';

const DAY = 24 * 60 * 60 * 1000;

/** A tenant, and the ids of what it has; some may be gone with something else. */
type Tenant = {
  readonly id: string;
  readonly pair: { readonly apiKey: string; readonly apiSecret: string };
  readonly token: { readonly apiToken: string };
  readonly servers: string[];
  readonly integrations: string[];
  readonly accounts: string[];
  readonly endpoints: { readonly account: string; readonly id: string }[];
  readonly credentials: { readonly kind: 'ApiToken' | 'ApiKey'; readonly id: string }[];
};
type World = { readonly server: TestServer; readonly tenants: Tenant[]; readonly shared: string[] };
/** A number that chooses among what there is. */
type Choice = number;
type Step = (world: World, tenant: Tenant, choice: Choice) => Promise<unknown>;

const pick = <T>(all: readonly T[], choice: Choice): T | undefined => all[choice % all.length];
const documentOf = (choice: Choice) => ({
  ...PETS.document,
  info: { ...PETS.document.info, description: `ä${choice}`.repeat(choice) },
});
/** The answer of a request that may fail because what it asks for is gone. */
const tolerated = async (answer: Promise<Answer>): Promise<Answer> => {
  const { status, body } = await answer;
  expect(status, JSON.stringify(body)).toBeLessThan(500);
  return answer;
};

const STEPS: Record<string, Step> = {
  createServer: async ({ server }, tenant, choice) => {
    const body = { name: `s${choice}`, url: 'https://files.example.com/mcp' };
    tenant.servers.push((await call(server.url, 'createMcpServer', { as: tenant.pair, body })).body.data.id);
  },
  moveServer: async ({ server }, tenant, choice) => {
    const path = { mcpServerId: pick(tenant.servers, choice) ?? '' };
    const body = { url: `https://moved.example.com/${choice}` };
    return path.mcpServerId && tolerated(call(server.url, 'updateMcpServer', { as: tenant.pair, path, body }));
  },
  listTools: async ({ server }, tenant, choice) => {
    const { store } = server.deps;
    const id = pick(tenant.servers, choice)?.replace('mcp_', '');
    const found = id && (await servers.find(store.read, tenant.id, id));
    const definition = { name: 'tool', description: 'ü'.repeat(choice), inputSchema: {} };
    const listed = { tools: [{ definition, hash: String(choice) }], seenAt: 1 };
    return found && saveTools({ store, quotas: NO_QUOTAS }, toConnectable(found), listed, null);
  },
  deleteServer: async ({ server }, tenant, choice) => {
    const path = { mcpServerId: pick(tenant.servers, choice) ?? '' };
    return path.mcpServerId && tolerated(call(server.url, 'deleteMcpServer', { as: tenant.pair, path }));
  },
  createIntegration: async ({ server }, tenant, choice) => {
    const body = { name: 'pets', document: documentOf(choice) };
    tenant.integrations.push((await call(server.url, 'createIntegration', { as: tenant.token, body })).body.id);
  },
  importAgain: async ({ server }, tenant, choice) => {
    const path = { id: pick(tenant.integrations, choice) ?? '' };
    const body = choice % 2 === 0 ? { document: documentOf(choice) } : { name: `renamed-${choice}` };
    return path.id && tolerated(call(server.url, 'updateIntegration', { as: tenant.token, path, body }));
  },
  deleteIntegration: async ({ server }, tenant, choice) => {
    const path = { id: pick(tenant.integrations, choice) ?? '' };
    return path.id && tolerated(call(server.url, 'deleteIntegration', { as: tenant.token, path }));
  },
  createAccount: async ({ server }, tenant, choice) => {
    const environment_integration_id = pick(tenant.integrations, choice);
    const body = { environment_integration_id, tenant_id: 't', authentication_method: 'none' };
    const { id } =
      environment_integration_id === undefined
        ? {}
        : (await tolerated(call(server.url, 'createAccount', { as: tenant.token, body }))).body;
    if (id !== undefined) {
      tenant.accounts.push(id);
    }
  },
  deleteAccount: async ({ server }, tenant, choice) => {
    const path = { id: pick(tenant.accounts, choice) ?? '' };
    return path.id && tolerated(call(server.url, 'deleteAccount', { as: tenant.token, path }));
  },
  createEndpoint: async ({ server, shared }, tenant, choice) => {
    const own = tenant.servers.map((id) => id.replace('mcp_', ''));
    const account = pick([...tenant.accounts, ...own, ...shared], choice);
    const path = { integrated_account_id: account ?? '' };
    const expires_at = choice % 2 === 0 ? null : new Date(server.clock.now + DAY).toISOString();
    const body = { name: 'e', expires_at };
    const { id } =
      account === undefined
        ? {}
        : (await tolerated(call(server.url, 'createEndpoint', { as: tenant.token, path, body }))).body;
    if (account !== undefined && id !== undefined) {
      tenant.endpoints.push({ account, id });
    }
  },
  deleteEndpoint: async ({ server }, tenant, choice) => {
    const endpoint = pick(tenant.endpoints, choice);
    const path = { integrated_account_id: endpoint?.account ?? '', id: endpoint?.id ?? '' };
    return endpoint && tolerated(call(server.url, 'deleteEndpoint', { as: tenant.token, path }));
  },
  purge: async ({ server }) => {
    server.clock.now += 3 * DAY;
    await purgeExpired(server.deps.store, server.clock.now, 1);
  },
  createCredential: async ({ server }, tenant, choice) => {
    const kind = choice % 2 === 0 ? 'ApiToken' : 'ApiKey';
    const request = { path: { org_id: tenant.id }, body: { name: 'c' } };
    tenant.credentials.push({ kind, id: (await call(server.url, `create${kind}`, request)).body.id });
  },
  deleteCredential: async ({ server }, tenant, choice) => {
    const credential = pick(tenant.credentials, choice);
    const path = { org_id: tenant.id, id: credential?.id ?? '' };
    return credential && tolerated(call(server.url, `delete${credential.kind}`, { path }));
  },
  createShared: async ({ server, shared }) => {
    const name = `shared-${server.deps.ids.uuid()}`;
    const body = { name, enabled: false, mcpServer: { name, url: 'https://shared.example.com/mcp' } };
    shared.push((await call(server.url, 'createSharedServer', { body })).body.data.id);
  },
  grant: async ({ server, tenants, shared }, tenant, choice) => {
    const path = { mcp_id: pick(shared, choice) ?? '' };
    const organizations = [[], 'all', [tenant.id], tenants.map(({ id }) => id)][choice % 4];
    return (
      path.mcp_id && tolerated(call(server.url, 'setSharedServerOrganizations', { path, body: { organizations } }))
    );
  },
  deleteShared: async ({ server, shared }, _, choice) => {
    const path = { mcp_id: pick(shared, choice) ?? '' };
    return path.mcp_id && tolerated(call(server.url, 'deleteSharedServer', { path }));
  },
  replaceTenant: async ({ server, tenants }, tenant) => {
    await call(server.url, 'deleteOrganization', { path: { org_id: tenant.id } });
    tenants.splice(tenants.indexOf(tenant), 1, await aTenant(server));
  },
};

async function aTenant({ url }: TestServer): Promise<Tenant> {
  const { id } = (await call(url, 'createOrganization', { body: { name: 'Tenant' } })).body;
  const request = { path: { org_id: id }, body: { name: 'c' } };
  const { apiKey, apiSecret } = (await call(url, 'createApiKey', request)).body;
  const { token } = (await call(url, 'createApiToken', request)).body;
  const nothing = { servers: [], integrations: [], accounts: [], endpoints: [], credentials: [] };
  return { id, pair: { apiKey, apiSecret }, token: { apiToken: token }, ...nothing };
}

const steps = fc.array(
  fc.record({ step: fc.constantFrom(...Object.keys(STEPS)), tenant: fc.nat(1), choice: fc.nat(400) }),
  { minLength: 40, maxLength: 60, size: 'max' },
);

onBothEngines(({ location }) => {
  test('the counts match the tables after random requests', async () => {
    const server = await startTestServer({ location: await location() });
    const world: World = { server, tenants: [await aTenant(server), await aTenant(server)], shared: [] };
    const done = new Set<string>();
    const run = async (sequence: readonly { step: string; tenant: number; choice: Choice }[]) => {
      for (const { step, tenant, choice } of sequence) {
        const of = world.tenants[tenant];
        await (of && STEPS[step]?.(world, of, choice));
        done.add(step);
      }
      expect(await kept(server.deps.store)).toEqual(await countedAnew(server.deps.store));
    };
    await fc.assert(fc.asyncProperty(steps, run), { numRuns: 6, endOnFailure: true });
    expect(done.size).toBeGreaterThan(Object.keys(STEPS).length / 2);
    // At once: what one deletes another fills, and the other way round.
    const all = fc.sample(steps, { numRuns: 6 }).flat();
    await Promise.all(
      all
        .filter(({ step }) => !['purge', 'replaceTenant'].includes(step))
        .map(({ step, tenant, choice }) => STEPS[step]?.(world, world.tenants[tenant] as Tenant, choice)),
    );
    expect(await kept(server.deps.store)).toEqual(await countedAnew(server.deps.store));
    await server.stop();
  });
});
