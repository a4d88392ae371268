import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { call } from './client.ts';
import { type Program, ROOT, startProgram } from './process.ts';
import { API_KEY, API_SECRET, API_TOKEN, OPERATOR_TOKEN } from './server.ts';

/** How `npm start` has V8 lay out its heap: what is not collected yet is no leak, and costs time. */
const HEAP_FLAGS = [...readFileSync(join(ROOT, 'bin/gatehouse.cjs'), 'utf8').matchAll(/'(--[a-z-]+(?:=\d+)?)'/g)].map(
  ([, flag]) => flag as string,
);

export type GatewayProgram = {
  readonly program: Program;
  readonly url: string;
  /** Its first organization. */
  readonly organizationId: string;
};

/** Starts the server on a data folder, in a process of its own, with the credentials that tests have. */
export async function startGatewayProgram(
  directory: string,
  more: Readonly<Record<string, string>> = {},
  descriptors?: number,
): Promise<GatewayProgram> {
  const env = {
    GATEHOUSE_DATA: directory,
    GATEHOUSE_ADMIN_TOKEN: OPERATOR_TOKEN,
    GATEHOUSE_API_TOKEN: API_TOKEN,
    GATEHOUSE_API_KEY: API_KEY,
    GATEHOUSE_API_SECRET: API_SECRET,
    ...more,
  };
  const program = startProgram(env, [...HEAP_FLAGS, 'src/main.ts'], descriptors);
  const url = await program.ready;
  return { program, url, organizationId: (await call(url, 'listOrganizations')).body[0].id };
}
