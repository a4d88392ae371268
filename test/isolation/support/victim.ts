import { fork } from 'node:child_process';
import { once } from 'node:events';
import { call } from '../../support/client.ts';
import { mintOver, type Owner } from '../../support/minted.ts';
import { startProgram } from '../../support/process.ts';

/** How the calls of another tenant went: those that were answered, what was wrong, and the slowest since last asked. */
export type Fared = { readonly answered: number; readonly failures: readonly string[]; readonly slowestMs: number };

/** Calls of another tenant that go on while something else happens. */
export type Victim = { readonly fared: () => Promise<Fared>; readonly stop: () => void };

/** Makes a tenant with a server, and calls its tool over and over; server and client are processes of their own. */
export async function startVictim(url: string): Promise<Victim> {
  const server = startProgram({}, ['test/isolation/support/sound-server.ts']);
  const place = await server.ready;
  const organization = (await call(url, 'createOrganization', { body: { name: 'Victim' } })).body.id;
  const path = { org_id: organization };
  const { token } = (await call(url, 'createApiToken', { path, body: { name: 'Victim' } })).body;
  const { apiKey, apiSecret } = (
    await call(url, 'createApiKey', {
      path,
      body: { name: 'Victim', permissions: ['servers', 'approvals'] },
    })
  ).body;
  const owner: Owner = { pair: { apiKey, apiSecret }, token: { apiToken: token } };
  const minted = await mintOver({ url }, `${place}/mcp`, {}, owner);
  const client = fork('test/isolation/support/victim-client.ts', {
    env: { ...process.env, URL_OF_ENDPOINT: minted.url },
  });
  return {
    fared: async () => {
      client.send('fared?');
      const [fared] = await once(client, 'message');
      return fared;
    },
    stop: () => {
      client.disconnect();
      server.child.kill('SIGKILL');
    },
  };
}
