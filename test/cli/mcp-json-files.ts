import { writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { call } from '../support/client.ts';
import type { Json } from '../support/json.ts';
import { OPERATOR_TOKEN, type TestServer } from '../support/server.ts';
import { listenOn } from '../support/sockets.ts';
import { type Run, run, temporaryFolder } from './support.ts';

type Place = Pick<TestServer, 'url'>;

/** What an operator has in the environment who works on a gateway from afar. */
export const operatorOf = ({ url }: Place): Record<string, string> => ({
  GATEHOUSE_PUBLIC_URL: url,
  GATEHOUSE_ADMIN_TOKEN: OPERATOR_TOKEN,
});

/** A file that holds a text, or a value as JSON; gone after the test. */
export async function fileOf(content: unknown): Promise<string> {
  const file = join(await temporaryFolder(), 'mcp.json');
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

/** Runs `gatehouse import` on a file that holds this. */
export const importing = async (gateway: Place, content: unknown, ...options: string[]): Promise<Run> =>
  run(['import', await fileOf(content), ...options], operatorOf(gateway));

/** Runs `gatehouse export`. */
export const exporting = (gateway: Place, ...options: string[]): Promise<Run> =>
  run(['export', ...options], operatorOf(gateway));

/** The lines of an outcome, without the summary. */
export const outcomes = ({ stdout }: Run): string[] => stdout.trimEnd().split('\n').slice(0, -1);

/** The shared servers of a gateway. */
export const serversOf = async ({ url }: Place): Promise<Json[]> => (await call(url, 'listSharedServers')).body;

/** The one shared server that a gateway has under a name. */
export async function serverNamed(gateway: Place, name: string): Promise<Json> {
  const [server, ...others] = (await serversOf(gateway)).filter(({ mcpServer }) => mcpServer.name === name);
  if (server === undefined || others.length > 0) {
    throw new Error(`${others.length + (server === undefined ? 0 : 1)} servers are named ${name}.`);
  }
  return server;
}

/** The URL of a server of HTTP that is no Gatehouse; it is there until the test ends. */
export async function answering(listener: RequestListener): Promise<string> {
  const { port, stop } = await listenOn(createServer(listener));
  onTestFinished(stop);
  return `http://127.0.0.1:${port}`;
}
