import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { expect, test } from 'vitest';
import { derive } from '../../src/tools/derive.ts';
import type { DerivedTool } from '../../src/tools/types.ts';
import { createMaker } from '../tools/support/made-up.ts';
import { type Caller, callerOf, serviceAt, sharedEgress, textOf } from './support/calls.ts';

/**
 * A folder of OpenAPI documents of real services, which are nobody's to commit. Each is served by Prism, which checks every
 * request against it; every tool is called with arguments made of its own schema.
 */
const FOLDER = process.env.GATEHOUSE_DOCUMENTS;
const files = FOLDER === undefined ? [] : readdirSync(FOLDER).filter((name) => /\.(json|ya?ml)$/.test(name));
const PRISM = join(import.meta.dirname, '../../node_modules/.bin/prism');
const VARIANTS = ['least', 'some', 'some', 'all'] as const;
/**
 * Answers that say nothing about the request: Prism cannot make an answer, or makes a documented redirect without a target; or
 * it takes a list in a form, which is written as several pairs of one name, for a text where the document has no encoding.
 */
const PRISM_FAULTS = [
  /"statusCode":[35]\d\d/,
  /errors#(NO_RESPONSE_DEFINED|NOT_ACCEPTABLE)/,
  /"validation":\[(\{"location":\["body","\w+"\],"severity":"Error","code":"type","message":"Request body property \w+ must be array(,null)?"\},?)+\]/,
];
/** The least share of calls that a service must accept. */
const BAR_RATIO = 0.98;

const egress = sharedEgress();

test.skipIf(files.length === 0)(
  'a folder of documents: services accept what schemas allow',
  async () => {
    process.stdout.write(
      '\n| document | tools | skipped | calls | accepted | refused | not made | faults of Prism |\n|---|---|---|---|---|---|---|---|\n',
    );
    for (const file of files) {
      process.stdout.write(`${await tryDocument(join(FOLDER ?? '', file), file)}\n`);
    }
  },
  3_600_000,
);

async function tryDocument(path: string, file: string): Promise<string> {
  const text = readFileSync(path, 'utf8');
  const document = withoutSecurity(load(text) as Record<string, unknown>);
  const { tools, skipped } = derive(JSON.stringify(document), { integration: 'real', undocumented: 'include' });
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-real-'));
  const served = join(folder, 'openapi.json');
  writeFileSync(served, JSON.stringify(document));
  const port = await freePort();
  const prism = spawn(PRISM, ['mock', served, '--errors', '--port', String(port)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const counts = { accepted: 0, refused: 0, unmade: 0, faults: 0 };
  const reasons = new Map<string, number>();
  try {
    await listening(prism);
    const url = `http://127.0.0.1:${port}`;
    const service = serviceAt(url);
    const call: Caller = (tool, args) => callerOf(egress, url)(tool, args, { service });
    for (const tool of tools) {
      await callAll(tool, call, counts, reasons);
    }
  } finally {
    prism.kill();
    rmSync(folder, { recursive: true });
  }
  for (const [reason, count] of [...reasons].toSorted((a, b) => b[1] - a[1]).slice(0, 15)) {
    process.stdout.write(`${file}: ${count} × ${reason}\n`);
  }
  const { accepted, refused, unmade, faults } = counts;
  expect.soft(accepted / (accepted + refused), file).toBeGreaterThanOrEqual(BAR_RATIO);
  return `| ${file} | ${tools.length} | ${skipped.length} | ${accepted + refused + faults} | ${((100 * accepted) / (accepted + refused)).toFixed(1)} % | ${refused} | ${unmade} | ${faults} |`;
}

async function callAll(
  tool: DerivedTool,
  call: Caller,
  counts: { accepted: number; refused: number; unmade: number; faults: number },
  reasons: Map<string, number>,
): Promise<void> {
  let seed = 7;
  const random = (): number => {
    seed = (seed * 16_807) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const make = createMaker(tool.inputSchema, random);
  const note = (reason: string): void =>
    void reasons.set(reason.slice(0, 300), (reasons.get(reason.slice(0, 300)) ?? 0) + 1);
  for (const variant of VARIANTS) {
    const args = make(variant);
    if (args === null) {
      counts.unmade += 1;
      continue;
    }
    const { result } = await call(tool, args);
    const said = result.isError === true ? textOf(result) : '';
    const status = /"statusCode":(\d+)/.exec(said)?.[1];
    if (result.isError !== true) {
      counts.accepted += 1;
    } else if (status !== undefined && PRISM_FAULTS.some((fault) => fault.test(said))) {
      counts.faults += 1;
      note(`a fault of Prism: ${status} ${/"(?:title|detail)":"[^"]*"/.exec(said)?.[0]}`);
    } else {
      counts.refused += 1;
      note(`refused: ${tool.verb} ${tool.request.path}: ${/"validation":(.*)/s.exec(said)?.[1] ?? said}`);
    }
  }
}

/** Credentials, and other hosts, are not what is tried here. */
function withoutSecurity(document: Record<string, unknown>): Record<string, unknown> {
  const strip = (value: unknown): unknown =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).filter(([key]) => key !== 'security' && key !== 'servers'))
      : value;
  const paths = Object.entries((document.paths ?? {}) as Record<string, Record<string, unknown>>).map(
    ([path, item]) => [
      path,
      Object.fromEntries(
        Object.entries(strip(item) as Record<string, unknown>).map(([verb, operation]) => [verb, strip(operation)]),
      ),
    ],
  );
  const { host: _, basePath: __, schemes: ___, ...rest } = strip(document) as Record<string, unknown>;
  return { ...rest, paths: Object.fromEntries(paths) };
}

const listening = (prism: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) => {
    let output = '';
    for (const stream of [prism.stdout, prism.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        if (output.includes('Prism is listening')) {
          resolve();
        }
      });
    }
    prism.on('exit', () => reject(new Error(output.slice(-2_000))));
  });

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
