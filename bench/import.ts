import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { API_TOKEN } from './credentials.ts';
import { npmStart } from './start.ts';
import { residentMebibytes } from './usage.ts';

/** Milliseconds between two requests that must not notice the import. */
const EVERY = 10;

export type Import = {
  readonly seconds: number;
  /** The longest that a request elsewhere waited, in milliseconds: while the document was imported, and before. */
  readonly longestWait: number;
  readonly longestAtRest: number;
  readonly peakMebibytes: number;
  readonly tools: number;
};

/** Imports a document into a server of its own while another client asks every 10 ms. */
export async function measureImport(document: object): Promise<Import> {
  const data = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const child = npmStart({ GATEHOUSE_DATA: data, GATEHOUSE_PORT: String(port), GATEHOUSE_API_TOKEN: API_TOKEN });
  const url = `http://127.0.0.1:${port}`;
  const waits: number[] = [];
  const ask = async () => {
    const start = performance.now();
    await (await fetch(`${url}/integration`, { headers: { Authorization: `Bearer ${API_TOKEN}` } })).text();
    waits.push(performance.now() - start);
  };
  while (!(await fetch(`${url}/readyz`).catch(() => null))) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const body = Buffer.from(JSON.stringify({ name: 'bench', document }));
  for (let index = 0; index < 50; index++) {
    await ask();
  }
  const asking = setInterval(() => void ask().catch(() => undefined), EVERY);
  const rest = async () => {
    waits.length = 0;
    await new Promise((resolve) => setTimeout(resolve, 1500));
    return Math.max(...waits);
  };
  const longestAtRest = await rest();
  waits.length = 0;
  const start = performance.now();
  const answer = await fetch(`${url}/integration`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${API_TOKEN}`, 'Content-Type': 'application/json' },
    body,
  });
  const { tool_count } = (await answer.json()) as { tool_count: number };
  const seconds = (performance.now() - start) / 1000;
  clearInterval(asking);
  const longestWait = Math.max(...waits);
  const peakMebibytes = residentMebibytes(child.pid, 'VmHWM');
  child.kill('SIGTERM');
  await once(child, 'exit');
  rmSync(data, { recursive: true });
  return { seconds, longestWait, longestAtRest, peakMebibytes, tools: tool_count };
}

/** A document with this many operations, each with a body of several fields; `padding` bytes of text beside them. */
export function largeDocument(operations: number, padding: number): object {
  const operation = (index: number) => ({
    summary: `Create number ${index}`,
    tags: [`tag${index % 20}`],
    requestBody: {
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Item' } } },
    },
    responses: {
      200: { description: 'Done', content: { 'application/json': { schema: { $ref: '#/components/schemas/Item' } } } },
    },
  });
  return {
    openapi: '3.1.0',
    info: { title: 'Large', version: '1', description: 'x'.repeat(padding) },
    servers: [{ url: 'https://large.example.com' }],
    paths: Object.fromEntries(
      Array.from({ length: operations }, (_, index) => [`/things${index}`, { post: operation(index) }]),
    ),
    components: {
      schemas: {
        Item: {
          type: 'object',
          properties: Object.fromEntries(
            Array.from({ length: 20 }, (_, index) => [`field${index}`, { type: 'string', description: 'A field' }]),
          ),
        },
      },
    },
  };
}
