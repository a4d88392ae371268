import { Agent, request as send } from 'node:http';
import { cpuMicroseconds, residentMebibytes } from '../usage.ts';
import type { Side } from './sides.ts';

/** What a client sends, and what a right answer contains. */
export type Sent = {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly answer: string;
};
export type OpenSample = {
  /** Milliseconds from the time at which a call was due until its answer. */
  readonly p50: number;
  readonly p99: number;
  /** Processor time of the side for each call. */
  readonly cpuMicroseconds: number;
};

/**
 * Calls a side at a fixed rate, whether it has answered or not: a side that stops for a moment makes every call late that
 * was due meanwhile. Throws if an answer is no success, or not the right one.
 */
export async function openLoop(side: Side, sent: Sent, perSecond: number, seconds: number): Promise<OpenSample> {
  const agent = new Agent({ keepAlive: true });
  const url = side.urls[0] as string;
  const count = perSecond * seconds;
  const milliseconds: number[] = [];
  const before = cpuMicroseconds(side.pid);
  const start = performance.now();
  const calls: Promise<void>[] = [];
  while (calls.length < count) {
    const due = start + (calls.length * 1000) / perSecond;
    const wait = due - performance.now();
    if (wait > 0) {
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
    calls.push(ask(url, sent, agent).then(() => void milliseconds.push(performance.now() - due)));
  }
  await Promise.all(calls);
  const used = cpuMicroseconds(side.pid) - before;
  agent.destroy();
  const sorted = milliseconds.toSorted((a, b) => a - b);
  const percentile = (part: number) => sorted[Math.floor(sorted.length * part)] as number;
  return { p50: percentile(0.5), p99: percentile(0.99), cpuMicroseconds: used / count };
}

/** MiB that the side holds for each 1,000 clients, each of which has a connection, and has begun a session and called. */
export async function mebibytesOfSessions(side: Side, initialize: Sent, call: Sent, sessions: number): Promise<number> {
  const before = residentMebibytes(side.pid);
  const agents: Agent[] = [];
  for (let begun = 0; begun < sessions; begun++) {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    agents.push(agent);
    await ask(side.urls[0] as string, initialize, agent);
    await ask(side.urls[0] as string, call, agent);
  }
  const after = residentMebibytes(side.pid);
  for (const agent of agents) {
    agent.destroy();
  }
  return ((after - before) * 1000) / sessions;
}

function ask(url: string, { headers, body, answer }: Sent, agent: Agent): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const length = { 'Content-Length': Buffer.byteLength(body) };
  send(url, { method: 'POST', agent, headers: { ...headers, ...length } }, (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('error', reject);
    response.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      response.statusCode === 200 && text.includes(answer)
        ? resolve()
        : reject(new Error(`HTTP ${response.statusCode}: ${text.slice(0, 500)}`));
    });
  })
    .once('error', reject)
    .end(body);
  return promise;
}
