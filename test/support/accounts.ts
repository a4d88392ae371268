import { call } from './client.ts';
import type { TestServer } from './server.ts';

/** A document with one operation for each pair of verb and path. */
export function documentOf(operations: Readonly<Record<string, { tags?: string[]; operationId?: string }>>): object {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [key, { tags = [], operationId }] of Object.entries(operations)) {
    const [verb = '', path = ''] = key.split(' ');
    const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    paths[path] = {
      ...paths[path],
      [verb.toLowerCase()]: {
        summary: `Does ${verb} on ${path}`,
        tags,
        ...(operationId !== undefined && { operationId }),
        parameters: names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
        responses: { 200: { description: 'Done' } },
      },
    };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'A service', version: '1' },
    servers: [{ url: 'https://service.example.com' }],
    paths,
  };
}

/** A customer relationship service: contacts with every method, and two custom methods of companies and webhooks. */
export const CRM = documentOf({
  'GET /contacts': { tags: ['contacts', 'api'] },
  'POST /contacts': { tags: ['contacts'] },
  'GET /contacts/{id}': { tags: ['contacts'] },
  'PATCH /contacts/{id}': { tags: ['contacts'] },
  'DELETE /contacts/{id}': { tags: ['contacts'] },
  'GET /companies': { tags: ['companies', 'custom'] },
  'POST /companies/{id}': { tags: ['companies'], operationId: 'importCompanies' },
  'DELETE /webhooks': { tags: ['webhook'], operationId: 'download' },
});

/** Makes an integration and an account of it; answers their ids. */
export async function createAccount({ url }: Pick<TestServer, 'url'>, document: object = CRM, name = 'crm') {
  const integration = await call(url, 'createIntegration', { body: { name, document } });
  const environment_integration_id = integration.body.id as string;
  const account = await call(url, 'createAccount', {
    body: { tenant_id: 'acme-1', environment_integration_id, authentication_method: 'none' },
  });
  return { integrationId: environment_integration_id, accountId: account.body.id as string };
}
