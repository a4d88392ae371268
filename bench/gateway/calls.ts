/** A protocol version of each era: one that begins with a handshake, and the stateless one. */
export const VERSIONS = ['2025-11-25', '2026-07-28'] as const;
export type Version = (typeof VERSIONS)[number];
/** Bytes of text that each tool of the server answers. */
export const TOOLS = { echo: 1024, large: 1024 * 1024 } as const;
export type Tool = keyof typeof TOOLS;

export const isTool = (name: unknown): name is Tool => Object.hasOwn(TOOLS, String(name));

/** The text that a tool answers: that of a tool is found in no other's answer, and in no error. */
export const textOf = (tool: Tool): string => `the answer of ${tool} `.padEnd(TOOLS[tool], 'x');

const ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1.0.0' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** A `tools/call` as a client without a session sends it. */
export function callOf(version: Version, tool: Tool): { headers: Record<string, string>; body: string } {
  const isStateless = version === '2026-07-28';
  const params = { name: tool, arguments: { text: 'hello' }, ...(isStateless && { _meta: ENVELOPE }) };
  return {
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': version,
      ...(isStateless && { 'Mcp-Method': 'tools/call', 'Mcp-Name': tool }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
  };
}
