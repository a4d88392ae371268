import { largeDocument, measureImport } from './import.ts';
import { compare, type Load } from './measure.ts';
import { print } from './print.ts';
import { startAndIdle } from './process.ts';

const PATCH: Load = {
  method: 'PATCH',
  body: JSON.stringify({
    name: 'Updated Server Name',
    url: 'https://new-server-url.example.com',
    description: 'Updated description',
    approval_policy: 'auto_approve_read_only',
    transport: 'WebSocket',
    request_headers: { Authorization: 'Bearer new-token', 'User-Agent': 'MCP-Client/2.0' },
  }),
};

async function ratio(
  what: string,
  bar: number,
  ...[subject, reference, load]: Parameters<typeof compare>
): Promise<void> {
  const { subject: a, reference: b, ratio: measured } = await compare(subject, reference, load);
  const side = (name: string, { perSecond, cpuMicroseconds }: typeof a) =>
    `${name} ${Math.round(perSecond)}/s at ${Math.round(cpuMicroseconds)} µs of CPU`;
  print(`${what}: ${measured.toFixed(2)}× (bar ≥ ${bar}×) ${measured >= bar ? 'met' : 'MISSED'}`);
  print(`  ${side(subject, a)}; ${side(reference, b)}`);
}

/** The speed of the whole server against less of it, its start and its memory. */
export async function benchServer(): Promise<void> {
  await ratio('GET of one server against constant handlers', 0.5, 'complete', 'constant', { method: 'GET' });
  await ratio('PATCH of one server against constant handlers', 0.5, 'complete', 'constant', PATCH);
  await ratio('the whole contract against one path', 0.7, 'complete', 'one-path', { method: 'GET' });
  const { seconds, mebibytes } = await startAndIdle();
  print(
    `npm start to the first 200 of /readyz: ${seconds.toFixed(2)} s (bar ≤ 1.5 s) ${seconds <= 1.5 ? 'met' : 'MISSED'}`,
  );
  print(`idle: ${Math.round(mebibytes)} MiB resident (bar ≤ 130 MiB) ${mebibytes <= 130 ? 'met' : 'MISSED'}`);
  await importRow('2,000 operations', largeDocument(2000, 0));
  await importRow('10 MB', largeDocument(100, 10_000_000));
}

async function importRow(what: string, document: object): Promise<void> {
  const { seconds, longestWait, longestAtRest, peakMebibytes, tools } = await measureImport(document);
  const isMet = seconds <= 5 && longestWait <= 50;
  const waits = `others waited ${longestWait.toFixed(0)} ms at most, at rest ${longestAtRest.toFixed(0)} ms (bar ≤ 50 ms)`;
  print(`import of a document of ${what}: ${seconds.toFixed(2)} s (bar ≤ 5 s), ${waits} ${isMet ? 'met' : 'MISSED'}`);
  print(`  ${tools} tools, ${Math.round(peakMebibytes)} MiB resident at its peak`);
}
