import { withClosers } from '../closers.ts';
import { median } from '../median.ts';
import { print } from '../print.ts';
import { cpuMicroseconds } from '../usage.ts';
import { runGatehouse } from './sides.ts';

/** Operations of the document, as many as that of Kubernetes has, fields of each, and letters of each description. */
const OPERATIONS = 750;
const FIELDS = 40;
const FIELD_CHARS = 80;
/** Bars for the first page, which nothing has been kept of, and for the size of a page. */
const MAX_FIRST_MS = 200;
const MAX_PAGE_BYTES = 1_000_000;
const REPEATS = 21;

/** The first page of `tools/list` over a large document, and a search for its tools, cold and warm. */
export async function benchLists(): Promise<void> {
  await withClosers(async (defer) => {
    const { client, pid } = await runGatehouse(defer);
    const body = { name: 'large', document: document() };
    const integration = madeBy(await client.POST('/integration', { body }));
    const ofAccount = {
      tenant_id: 'bench',
      environment_integration_id: integration.id,
      authentication_method: 'none',
    } as const;
    const account = madeBy(await client.POST('/integrated-account', { body: ofAccount }));
    const path = { integrated_account_id: account.id };
    const mint = async (config: { tool_exposure?: 'discovery' }): Promise<string> => {
      const minted = await client.POST('/integrated-account/{integrated_account_id}/mcp', {
        params: { path },
        body: { name: 'Bench', config },
      });
      return madeBy(minted).url;
    };
    const list = await timed(pid, await mint({}), 'tools/list', {});
    const isMet = list.first <= MAX_FIRST_MS && list.bytes <= MAX_PAGE_BYTES + 1000;
    print(
      `first page of tools/list of ${OPERATIONS} tools: ${list.first.toFixed(0)} ms (bar ≤ ${MAX_FIRST_MS} ms), ${list.bytes} bytes (bar ≤ 1 MB) ${isMet ? 'met' : 'MISSED'}`,
    );
    print(
      `  ${list.cpu.toFixed(0)} ms of CPU, ${list.again.toFixed(1)} ms again; all definitions have ${integration.tools_bytes} bytes`,
    );
    const search = await timed(pid, await mint({ tool_exposure: 'discovery' }), 'tools/call', {
      name: 'search_tools',
      arguments: { query: 'create the item number 700' },
    });
    print(
      `search_tools over them: ${search.first.toFixed(0)} ms for the first search (${search.cpu.toFixed(0)} ms of CPU), ${search.again.toFixed(1)} ms again`,
    );
  });
}

/** The object that a request has made. */
function madeBy<T>({ data, error }: { readonly data?: T; readonly error?: unknown }): T {
  if (data === undefined) {
    throw new Error(JSON.stringify(error));
  }
  return data;
}

type Timed = { readonly first: number; readonly cpu: number; readonly again: number; readonly bytes: number };

/**
 * Milliseconds of a request that comes first, also of the CPU of the server, and when it comes again (median), with the
 * size of the answer.
 */
async function timed(pid: number | undefined, url: string, method: string, params: object): Promise<Timed> {
  const times: number[] = [];
  let bytes = 0;
  let cpu = Number.NaN;
  while (times.length < REPEATS) {
    const used = cpuMicroseconds(pid);
    const start = performance.now();
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    });
    const text = await answer.text();
    times.push(performance.now() - start);
    bytes = Buffer.byteLength(text);
    cpu = times.length === 1 ? (cpuMicroseconds(pid) - used) / 1000 : cpu;
    if (!text.startsWith('{"jsonrpc":"2.0","id":1,"result":')) {
      throw new Error(`${method} was answered with ${text.slice(0, 200)}`);
    }
  }
  const [first = Number.NaN, ...again] = times;
  return { first, cpu, again: median(again), bytes };
}

function document(): Readonly<Record<string, unknown>> {
  const field = { type: 'string', description: 'x'.repeat(FIELD_CHARS) };
  const schemas = {
    Item: {
      type: 'object',
      properties: Object.fromEntries(Array.from({ length: FIELDS }, (_, index) => [`field${index}`, field])),
    },
  };
  const item = { content: { 'application/json': { schema: { $ref: '#/components/schemas/Item' } } } };
  const operation = (index: number) => ({
    summary: `Create the item number ${index}`,
    description: `It has ${FIELDS} fields. ${'Words about it. '.repeat(20)}`,
    requestBody: item,
    responses: { 200: { description: 'Done', ...item } },
  });
  const paths = Array.from({ length: OPERATIONS }, (_, index) => [`/things${index}`, { post: operation(index) }]);
  return {
    openapi: '3.1.0',
    info: { title: 'Large', version: '1' },
    servers: [{ url: 'https://large.example.com' }],
    paths: Object.fromEntries(paths),
    components: { schemas },
  };
}
