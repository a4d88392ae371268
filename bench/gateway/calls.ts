/** A protocol version of each era: one that begins with a handshake, and the stateless one. */
export const VERSIONS = ['2025-11-25', '2026-07-28'] as const;
export type Version = (typeof VERSIONS)[number];

const KIB = 1024;
const MIB = 1024 * KIB;
/** About 1 MiB as JSON. */
const ROWS = 9000;

const table = {
  rows: Array.from({ length: ROWS }, (_, index) => ({
    id: index + 1,
    name: `Customer ${index + 1}`,
    email: `c${index + 1}@example.com`,
    active: index % 3 > 0,
    balance: index * 7.25,
    since: '2026-07-28',
  })),
};

type Payload = {
  /** As the rows of the bench name it. */
  readonly title: string;
  readonly arguments: object;
  readonly result: object;
  /** JSON that stands in every right answer as it is. */
  readonly answer: string;
};

/** A tool that answers this text: that of a tool is found in no other's answer, and in no error. */
const answering = (title: string, name: string, bytes: number, args: object): Payload => {
  const text = `the answer of ${name} `.padEnd(bytes, 'x');
  return { title, arguments: args, result: { content: [{ type: 'text', text }] }, answer: text };
};

/** The tools of the server: what they are sent, and what they answer. */
export const TOOLS = {
  echo: answering('1 KB', 'echo', KIB, { text: 'hello' }),
  text: answering('1 MB of text', 'text', MIB, { text: 'hello' }),
  rows: {
    title: '1 MB of rows',
    arguments: { text: 'hello' },
    result: { content: [{ type: 'text', text: `${ROWS} rows` }], structuredContent: table },
    answer: JSON.stringify(table),
  },
  'text-argument': answering('1 MB of arguments, text', 'text-argument', KIB, { text: 'x'.repeat(MIB) }),
  'rows-argument': answering('1 MB of arguments, rows', 'rows-argument', KIB, table),
} as const satisfies Readonly<Record<string, Payload>>;
export type Tool = keyof typeof TOOLS;
export const TOOL_NAMES = Object.keys(TOOLS) as readonly Tool[];

export const isTool = (name: unknown): name is Tool => Object.hasOwn(TOOLS, String(name));

const ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1.0.0' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** A `tools/call` as a client without a session sends it. */
export function callOf(version: Version, tool: Tool): { headers: Record<string, string>; body: string } {
  const isStateless = version === '2026-07-28';
  const params = { name: tool, arguments: TOOLS[tool].arguments, ...(isStateless && { _meta: ENVELOPE }) };
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
