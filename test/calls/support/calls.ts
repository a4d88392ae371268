import { afterAll } from 'vitest';
import type { CalledAccount } from '../../../src/calls/authorise.ts';
import { type Call, type CallOutcome, callTool } from '../../../src/calls/call-tool.ts';
import { type CalledService, calledServiceOf } from '../../../src/calls/service.ts';
import type { Arguments, CallToolResult } from '../../../src/calls/types.ts';
import { createEgress, type Egress } from '../../../src/egress/egress.ts';
import type { DerivedTool } from '../../../src/tools/types.ts';
import { largeBudget, ownMemory } from '../../support/memory.ts';
import { derived, documentOf } from '../../tools/support/documents.ts';

/** A way out to loopback. */
export const openEgress = (): Egress => createEgress({ allow: ['127.0.0.1'], own: () => [] });

/** A way out to loopback that the tests of a suite share; it is closed after the last. */
export function sharedEgress(): Egress {
  const egress = openEgress();
  afterAll(() => egress.dispatcher.close());
  return egress;
}

export const NOBODY: CalledAccount = {
  id: '00000000-0000-4000-8000-000000000000',
  version: 1,
  authenticationMethod: 'none',
  context: {},
  isByOperation: true,
};

/** The service of a document, with the base URL of an integration. */
export function serviceAt(
  baseUrl: string | null,
  document: object = documentOf({}),
  documentUrl: string | null = null,
): CalledService {
  const { title, servers, security, accesses } = derived(document);
  return calledServiceOf({ baseUrl, service: JSON.stringify({ title, servers, security, accesses, documentUrl }) });
}

export type Calling = Partial<Omit<Call, 'tool' | 'args'>>;
export type Caller = (tool: DerivedTool, args: Arguments, rest?: Calling) => Promise<CallOutcome>;

/** Calls tools of the service at a URL, as nobody unless told. */
export const callerOf =
  (egress: Egress, url: string, now: () => number = Date.now, budget = largeBudget()): Caller =>
  (tool, args, rest = {}) =>
    callTool(
      { egress, budget, now },
      {
        tool,
        args,
        service: serviceAt(url),
        account: NOBODY,
        timeoutMs: 600_000,
        mayFollow: () => true,
        ...anyRoom(),
        ...rest,
      },
    );

/** Memory that is never short. */
const anyRoom = () => ({ maxBytes: Number.POSITIVE_INFINITY, held: ownMemory().hold('answers', 0) });

/** What the gateway itself puts into the headers of a request to a host, be its credentials and arguments what they may. */
export const gatewayHeaders = (host: string): Readonly<Record<string, string>> => ({
  host,
  connection: 'keep-alive',
  accept: 'application/json, */*;q=0.8',
  'accept-encoding': 'gzip, deflate, br',
  'user-agent': 'gatehouse',
});

/** The only block of a result, which must be text. */
export function textOf({ content }: CallToolResult): string {
  const [block, ...more] = content;
  if (block?.type !== 'text' || more.length > 0) {
    throw new Error(`not one text: ${JSON.stringify(content)}`);
  }
  return block.text;
}
