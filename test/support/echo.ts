import type { Json } from './json.ts';
import type { Era } from './scripted.ts';

/** What a server says that repeats what it was given: as an error of the protocol, a failed result, and a result. */
export const ECHOED = ['error', 'failed', 'result'] as const;

/** The answer to a message, of a server that repeats `given`; undefined for what wants none. */
export function echo({ id, method, params }: Json, given: string, era: Era = 'handshake'): object | undefined {
  if (id === undefined || method === undefined) {
    return undefined;
  }
  const complete = era === 'stateless' ? { resultType: 'complete' } : {};
  const content = [{ type: 'text', text: `You sent ${given}!` }];
  const facts = {
    capabilities: { tools: {} },
    serverInfo: { name: 'echo', version: '1' },
    instructions: `Send ${given}!`,
  };
  const calls: Readonly<Record<string, object>> = {
    error: { error: { code: -32000, message: `Not with ${given}!`, data: { given } } },
    failed: { result: { ...complete, content, isError: true } },
    result: { result: { ...complete, content } },
  };
  const answers: Readonly<Record<string, object>> = {
    ...(era === 'handshake'
      ? { initialize: { result: { ...facts, protocolVersion: params?.protocolVersion } } }
      : { 'server/discover': { result: { ...complete, ...facts, supportedVersions: ['2026-07-28'] } } }),
    'tools/list': {
      result: {
        ...complete,
        tools: ECHOED.map((name) => ({ name, description: given, inputSchema: { type: 'object' } })),
      },
    },
    'tools/call': calls[params?.name] ?? {},
  };
  return { jsonrpc: '2.0', id, ...(answers[method] ?? { error: { code: -32601, message: 'Method not found' } }) };
}
