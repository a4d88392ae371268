import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { derive } from '../../src/tools/derive.ts';
import { createDeriver, deriveInWorker } from '../../src/tools/derive-in-worker.ts';
import { DocumentError } from '../../src/tools/errors.ts';
import { packTools, readTools } from '../../src/tools/packed.ts';
import { bytesOf as bytesOfTools } from '../../src/tools/size.ts';
import { anyRoom } from '../support/any-room.ts';
import { turnsDuring } from '../support/event-loop.ts';
import { documentOf } from './support/documents.ts';

const OPTIONS = { integration: 'acme', toolTags: { things: ['a'] } };
const text = JSON.stringify(
  documentOf(
    { '/things': { get: { summary: 'Ünïcode ☺' }, post: {} }, '/things/{id}': { get: { summary: 'One.' } } },
    { servers: [{ url: 'https://example.com' }] },
  ),
);
const bytesOf = (document: string): Uint8Array => new TextEncoder().encode(document);
async function allOf<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const each of source) {
    all.push(each);
  }
  return all;
}
const slow = (operations = 9_000): Uint8Array => {
  const paths = Array.from({ length: operations }, (_, index) => [`/p${index}`, { get: { summary: 's' } }]);
  return bytesOf(JSON.stringify(documentOf(Object.fromEntries(paths))));
};

describe('deriveInWorker', () => {
  it('gives the result of derive with packed tools', async () => {
    const { tools, ...rest } = derive(text, OPTIONS);
    const registered = await deriveInWorker(bytesOf(text), OPTIONS);
    expect(registered).toEqual({
      ...rest,
      toolCount: 2,
      toolsBytes: bytesOfTools(tools),
      tools: expect.any(Uint8Array),
    });
    expect(await allOf(readTools(registered.tools, anyRoom))).toEqual(tools);
  });

  it('transfers its bytes if possible, and copies shared ones', async () => {
    const own = bytesOf(text);
    await deriveInWorker(own, OPTIONS);
    expect(own.buffer.byteLength).toBe(0);
    const shared = new Uint8Array(text.length * 2 + 100);
    const { written } = new TextEncoder().encodeInto(text, shared.subarray(50));
    const before = shared.slice();
    const pooled = Buffer.from('{}');
    expect((await deriveInWorker(shared.subarray(50, 50 + written), OPTIONS)).toolCount).toBe(2);
    await expect(deriveInWorker(pooled, OPTIONS)).rejects.toThrow(DocumentError);
    expect(shared).toEqual(before);
    expect(pooled.toString()).toBe('{}');
  });

  it('answers each of many documents, also after a refusal', async () => {
    const found = await Promise.allSettled(
      [text, '{"openapi": "3.1.0"}', '[', text].map((document) => deriveInWorker(bytesOf(document), OPTIONS)),
    );
    expect(found).toMatchObject([
      { status: 'fulfilled', value: { toolCount: 2 } },
      { status: 'rejected', reason: { name: 'DocumentError', place: '/paths' } },
      { status: 'rejected', reason: { name: 'DocumentError', place: 'line 1, column 2' } },
      { status: 'fulfilled', value: { toolCount: 2 } },
    ]);
  });

  it('stops with the signal: before, while it waits, and while it works', async () => {
    const reason = new Error('enough');
    const waiting = new AbortController();
    const working = new AbortController();
    const all = Promise.allSettled([
      deriveInWorker(slow(), OPTIONS, working.signal),
      deriveInWorker(bytesOf(text), OPTIONS, waiting.signal),
      deriveInWorker(bytesOf(text), OPTIONS, AbortSignal.abort(reason)),
      deriveInWorker(bytesOf(text), OPTIONS, new AbortController().signal),
    ]);
    waiting.abort(reason);
    working.abort(reason);
    expect(await all).toMatchObject([
      { status: 'rejected', reason },
      { status: 'rejected', reason },
      { status: 'rejected', reason },
      { status: 'fulfilled', value: { toolCount: 2 } },
    ]);
  });
});

describe('createDeriver', () => {
  it('refuses a document that takes too long, and continues with the next', async () => {
    const deriver = createDeriver({ deadline: 1, idle: 1_000, megabytes: 100 });
    const late = Promise.allSettled([deriver(slow(), OPTIONS), deriver(slow(), OPTIONS)]);
    const refusal = { name: 'DocumentError', message: 'The document takes longer than 0.001 s.', place: null };
    expect(await late).toMatchObject([
      { status: 'rejected', reason: refusal },
      { status: 'rejected', reason: refusal },
    ]);
  });

  it('counts the time that its thread computes, not the time that others take', async () => {
    // More threads than cores, each busy all the time.
    const busy = Array.from({ length: 2 * availableParallelism() }, () => new Worker('for (;;);', { eval: true }));
    try {
      const deriver = createDeriver({ deadline: 1_000, idle: 1, megabytes: 200 });
      expect((await deriver(slow(3_000), OPTIONS)).toolCount).toBe(3_000);
    } finally {
      await Promise.all(busy.map((worker) => worker.terminate()));
    }
  });

  it('ends an idle thread, and starts another when needed', async () => {
    const deriver = createDeriver({ deadline: 30_000, idle: 1, megabytes: 100 });
    for (const _ of [1, 2]) {
      expect((await deriver(bytesOf(text), OPTIONS)).toolCount).toBe(2);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });
});

describe('readTools', () => {
  const { tools } = derive(slow(), OPTIONS);

  it('lets other work run', async () => {
    const packed = packTools(tools);
    const reading = readTools(packed, anyRoom);
    // The tools are unpacked when the first is there.
    const first = await reading.next();
    const { turns, result: rest } = await turnsDuring(() => allOf(reading));
    expect([first.value, ...rest]).toEqual(tools);
    // Without giving way this would all be one turn.
    expect(turns).toBeGreaterThan(1);
  });

  it('reads only the requested tools, and none from an empty list', async () => {
    const names: string[] = [];
    for await (const { name } of readTools(packTools(tools), anyRoom)) {
      names.push(name);
      if (names.length === 3) {
        break;
      }
    }
    expect(names).toEqual(tools.slice(0, 3).map(({ name }) => name));
    expect(await allOf(readTools(packTools([]), anyRoom))).toEqual([]);
  });

  it('makes output schemas loose that were stored before they were', async () => {
    const strict = { type: 'object', required: ['a'], properties: { a: { type: 'string' } } };
    const stored = { ...tools[0], outputSchema: strict };
    const [tool] = await allOf(readTools(gzipSync(`${JSON.stringify(stored)}\n`), anyRoom));
    expect(tool).toEqual({ ...tools[0], outputSchema: { type: 'object', properties: { a: {} } } });
    expect(await allOf(readTools(packTools(tool === undefined ? [] : [tool]), anyRoom))).toEqual([tool]);
  });

  it('refuses data that is not packed', async () => {
    await expect(readTools(bytesOf('{ "a": 1 }'), anyRoom).next()).rejects.toThrow('incorrect header check');
  });
});
