import autocannon from 'autocannon';
import { cpuMicroseconds, residentMebibytes } from '../usage.ts';
import { callOf, TOOLS, type Tool, type Version } from './calls.ts';
import type { Side } from './sides.ts';

/** What is called, and by how many clients at once: each has a connection, and calls again when it is answered. */
export type Load = { readonly version: Version; readonly tool: Tool; readonly clients: number };
/** How long: until so many calls are answered, or for so many seconds. */
export type Length = { readonly amount: number } | { readonly duration: number };

export type Sample = {
  readonly perSecond: number;
  /** Milliseconds in which half of the calls, and all but a hundredth of them, were answered. */
  readonly p50: number;
  readonly p99: number;
  /** Processor time of the side for each call. */
  readonly cpuMicroseconds: number;
  /** What is resident right after. */
  readonly mebibytes: number;
};

/** Large answers of a slow side, to many clients at once, wait long on a busy machine. */
const TIMEOUT_SECONDS = 120;
/** Of so many answers, one is searched for what the tool answers; all are counted in bytes. */
const SEARCHED = 100;

/** Calls a tool on a side. Throws when any answer is no success, or not the tool's. */
export async function load(side: Side, { version, tool, clients }: Load, length: Length): Promise<Sample> {
  const milliseconds: number[] = [];
  const right = TOOLS[tool].answer;
  const before = cpuMicroseconds(side.pid);
  let wrong: string | undefined;
  let answers = 0;
  let connected = 0;
  const options: autocannon.Options = {
    url: side.urls[0] as string,
    method: 'POST',
    ...callOf(version, tool),
    connections: clients,
    timeout: TIMEOUT_SECONDS,
    ...length,
    // Every client has its own share of several URLs, and calls them in turn.
    setupClient: (client) => {
      const turn = connected++;
      if (side.urls.length > 1) {
        const share = side.urls.filter((_, index) => index % clients === turn);
        client.setRequests(share.map((url) => ({ path: new URL(url).pathname })));
      }
    },
    verifyBody: (body) => {
      const isSearched = answers++ % SEARCHED === 0;
      const answer = String(body);
      const isRight = answer.length > right.length && (!isSearched || answer.includes(right));
      wrong ??= isRight ? undefined : answer;
      return isRight;
    },
  };
  const start = performance.now();
  let last = start;
  const { non2xx, errors, mismatches } = await new Promise<autocannon.Result>((resolve, reject) => {
    const run = autocannon(options, (error, result) => (error ? reject(error) : resolve(result)));
    // Its own percentiles are in whole milliseconds, and its own duration in whole seconds.
    run.on('response', (_client, _status, _bytes, time) => {
      milliseconds.push(time);
      last = performance.now();
    });
  });
  const used = cpuMicroseconds(side.pid) - before;
  if (non2xx > 0 || errors > 0 || mismatches > 0 || milliseconds.length === 0) {
    const failures = `${non2xx} answers were no success, ${mismatches} not the tool's, ${errors} connections failed`;
    const example = wrong === undefined ? '' : `; one answer: ${wrong.slice(0, 500)}`;
    throw new Error(`${side.name}, ${version}, ${tool}: of ${milliseconds.length} calls, ${failures}${example}`);
  }
  const sorted = milliseconds.toSorted((a, b) => a - b);
  const percentile = (part: number) => sorted[Math.floor(sorted.length * part)] as number;
  return {
    perSecond: milliseconds.length / ((last - start) / 1000),
    p50: percentile(0.5),
    p99: percentile(0.99),
    cpuMicroseconds: used / milliseconds.length,
    mebibytes: residentMebibytes(side.pid),
  };
}
