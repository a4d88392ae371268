import { expect, test } from 'vitest';
import { call } from '../support/client.ts';
import { startTestServer } from '../support/server.ts';
import { PETS } from '../support/world.ts';

test('404: an integration that is deleted between two reads of one request', async () => {
  const server = await startTestServer();
  const made = await call(server.url, 'createIntegration', { body: { name: 'pets', document: PETS.document } });
  const path = { id: made.body.id as string };
  // What the second read finds when the deletion falls between the two.
  await server.deps.store.write((db) =>
    db.sql.deleteFrom('integration_contents').where('integration_id', '=', path.id).execute(),
  );
  const listed = await call(server.url, 'listIntegrationTools', { path });
  expect([listed.status, listed.body.message]).toEqual([404, 'The object of this request was deleted meanwhile.']);
  const change = await call(server.url, 'updateIntegration', { path, body: { name: 'renamed' } });
  expect(change.status).toBe(404);
  await server.stop();
});
