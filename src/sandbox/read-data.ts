import { Ajv2020 } from 'ajv/dist/2020.js';
import { readJson } from '../base/read-json.ts';
import { DataRefused } from './fill.ts';
import type { ChosenIds } from './seed-ids.ts';
import type { SandboxData } from './seeds.ts';

const UUID = '[\\da-f]{8}-[\\da-f]{4}-4[\\da-f]{3}-[89ab][\\da-f]{3}-[\\da-f]{12}';
const id = { type: 'string', pattern: `^${UUID}$` };
const list = (properties: object) => ({ type: 'array', items: { type: 'object', properties } });
const calls = {
  type: 'array',
  items: {
    type: 'object',
    required: ['name'],
    additionalProperties: false,
    properties: {
      id: { type: 'string', pattern: `^apr_${UUID}$` },
      name: { type: 'string' },
      arguments: { type: 'object' },
    },
  },
};
const endpoints = list({ id, token: { type: 'string', pattern: '^[\\da-f]{32}$' }, calls });

/** The members that are not sent as they are; the document checks the others. */
const isData = new Ajv2020({ allErrors: true }).compile<SandboxData>({
  type: 'object',
  additionalProperties: false,
  properties: {
    servers: list({ id: { type: 'string', pattern: `^mcp_${UUID}$` }, endpoints, tool_approvals: list({}) }),
    integrations: list({ id, accounts: list({ id, endpoints, tool_approvals: list({}) }) }),
    shared_servers: list({ id }),
    webhooks: list({ id: { type: 'string', pattern: `^whk_${UUID}$` } }),
    members: list({ id }),
  },
});

/** In the data of a file: the URL of the sandbox's own MCP server, which another start has on another port. */
const CONTACTS_URL = `\${CONTACTS_URL}`;

/** Reads the objects of a sandbox from JSON. Throws DataRefused. */
export function readData(text: string, contactsUrl: string): SandboxData {
  const data = parse(text.replaceAll(CONTACTS_URL, contactsUrl));
  if (!isData(data)) {
    const mistakes = (isData.errors ?? []).map(({ instancePath, message, params }) => {
      const place = instancePath
        .slice(1)
        .replaceAll(/\/(\d+)/g, '[$1]')
        .replaceAll('/', '.');
      return `${place || 'the file'}: ${message}${'additionalProperty' in params ? ` (${params.additionalProperty})` : ''}`;
    });
    throw new DataRefused(mistakes.join('\n'));
  }
  const chosen = chosenIn(data);
  const twice = chosen.find((one, at) => chosen.indexOf(one) < at);
  if (twice !== undefined) {
    throw new DataRefused(`${twice}: given to two objects`);
  }
  return data;
}

/** Every id and token that the data chooses. */
function chosenIn({
  servers = [],
  integrations = [],
  shared_servers = [],
  webhooks = [],
  members = [],
}: SandboxData): string[] {
  const accounts = integrations.flatMap((integration) => integration.accounts ?? []);
  const endpoints = [...servers, ...accounts].flatMap((account) => account.endpoints ?? []);
  const made = endpoints.flatMap(({ calls: ofEndpoint = [] }) => ofEndpoint);
  const others = [...accounts, ...endpoints, ...made, ...shared_servers, ...webhooks, ...members];
  const objects: readonly ChosenIds[] = [...servers, ...integrations, ...others];
  return objects.flatMap(({ id, token }) => [id, token]).filter((one) => one !== undefined);
}

function parse(text: string): unknown {
  try {
    return readJson(text);
  } catch (error) {
    throw new DataRefused(`the file: ${(error as Error).message}`);
  }
}
