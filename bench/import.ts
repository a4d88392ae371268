import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const TOKEN = 'gat_bench'.padEnd(40, 't');
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
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: { start: string } };
  const [, ...args] = scripts.start.split(' ');
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: {
      PATH: process.env.PATH,
      GATEHOUSE_DATA: data,
      GATEHOUSE_PORT: String(port),
      GATEHOUSE_API_TOKEN: TOKEN,
    } as NodeJS.ProcessEnv,
    stdio: 'ignore',
  });
  const url = `http://127.0.0.1:${port}`;
  const waits: number[] = [];
  const ask = async () => {
    const start = performance.now();
    await (await fetch(`${url}/integration`, { headers: { Authorization: `Bearer ${TOKEN}` } })).text();
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
    headers: { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' },
    body,
  });
  const { tool_count } = (await answer.json()) as { tool_count: number };
  const seconds = (performance.now() - start) / 1000;
  clearInterval(asking);
  const longestWait = Math.max(...waits);
  const peak = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1];
  child.kill('SIGTERM');
  await once(child, 'exit');
  rmSync(data, { recursive: true });
  return { seconds, longestWait, longestAtRest, peakMebibytes: Number(peak) / 1024, tools: tool_count };
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
