// The compiler checks this file; nothing runs it. It holds the valid requests of the contract suite to the document.
import type { Caller } from '../../src/suite/caller.ts';

export const right = async ({ call, send }: Caller): Promise<readonly (string | number)[]> => {
  const path = { mcpServerId: 'mcp_1' };
  const list = await call(200, 'listMcpServers', { query: { limit: 1, sort: 'name' } });
  const made = await call(201, 'createMcpServer', { body: { name: 'x', url: 'https://x.example.com' } });
  const missing = await call([404, 412], 'updateMcpServer', { path, body: {}, header: { 'If-Match': '"1"' } });
  const refused = await send(400, 'createMcpServer', { body: { nonsense: 1 } });
  return [list.json.data.total_count, made.json.data.id, missing.json.error, refused.json.error];
};

export const wrong = async ({ call, send }: Caller): Promise<void> => {
  const path = { mcpServerId: 'mcp_1' };
  // @ts-expect-error No operation has this id.
  await call(200, 'listServers');
  // @ts-expect-error The parameter of the path is missing.
  await call(200, 'getMcpServer');
  // @ts-expect-error The parameter of the path has another name.
  await call(200, 'getMcpServer', { path: { id: 'mcp_1' } });
  // @ts-expect-error A query parameter has another name.
  await call(200, 'listMcpServers', { query: { size: 1 } });
  // @ts-expect-error A query parameter has another value.
  await call(200, 'listMcpServers', { query: { sort: 'id' } });
  // @ts-expect-error The body lacks its URL.
  await call(201, 'createMcpServer', { body: { name: 'x' } });
  // @ts-expect-error The body has a key too many.
  await call(200, 'updateMcpServer', { path, body: { nickname: 'x' } });
  // @ts-expect-error The body is missing.
  await call(200, 'updateApprovalPolicy', { path });
  // @ts-expect-error The operation takes no such header.
  await call(200, 'getMcpServer', { path, header: { 'If-Match': '"1"' } });
  // @ts-expect-error No operation has this id, for wrong requests either.
  await send(400, 'listServers');
  // @ts-expect-error An error has no data.
  (await call(404, 'getMcpServer', { path })).json.data satisfies object;
};
