import { type RawClient, rawClient } from './raw-client.ts';

/** How clients hold a connection without reading, in five kinds; the last one needs an endpoint whose answer is endless. */
const KINDS = ['half a header', 'half a body', 'unread pages', 'an unread stream', 'idle'] as const;
type Kind = (typeof KINDS)[number];

const STREAMED = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: 'look', arguments: {} },
});
const GET = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

const post = (token: string, length: number, body: string): string =>
  `POST /mcp/${token} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n` +
  `Accept: text/event-stream, application/json\r\nContent-Length: ${length}\r\n\r\n${body}`;

/** Opens `count` connections in all, of these kinds in turn. None of the clients reads. */
export async function openIdleClients(
  url: string,
  token: string,
  count: number,
  kinds: readonly Kind[] = KINDS,
): Promise<RawClient[]> {
  const sent: Record<Kind, string> = {
    'half a header': 'GET /docs HTTP/1.1\r\nHost: loc',
    'half a body': post(token, 1_000_000, '{"jsonrpc"'),
    'unread pages': GET('/docs').repeat(3),
    'an unread stream': post(token, STREAMED.length, STREAMED),
    idle: GET('/healthz'),
  };
  const clients: RawClient[] = [];
  for (let at = 0; at < count; at++) {
    const kind = kinds[at % kinds.length] as Kind;
    clients.push(await rawClient(url, sent[kind], { reads: false }));
  }
  return clients;
}
