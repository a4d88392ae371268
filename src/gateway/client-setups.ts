import { slugOf } from '../base/slugs.ts';

/** How one kind of MCP client is told of an endpoint. */
export type ClientSetup = {
  /** Its own name, of `[a-z-]`. */
  readonly id: string;
  readonly client: string;
  /** The place of the text, or all that there is to do: a sentence whose parts between backticks are code. */
  readonly how: string;
  /** A command or a configuration that people copy; null where pasting the URL is all. */
  readonly text: string | null;
};

/** The name of an endpoint in the configuration of clients, of `[a-z0-9-]`. */
export const setupNameOf = (name: string): string => slugOf(name) ?? 'gatehouse';

/**
 * Returns how each kind of client is told of an endpoint with this name and URL. The texts hold the URL, and so the token.
 * The page of an endpoint's URL and the console show them.
 */
export function clientSetups({ name, url }: { readonly name: string; readonly url: string }): readonly ClientSetup[] {
  const slug = setupNameOf(name);
  return [
    {
      id: 'claude-code',
      client: 'Claude Code',
      how: 'Run this command:',
      text: `claude mcp add --transport http ${slug} ${url}`,
    },
    {
      id: 'claude',
      client: 'Claude Desktop, claude.ai',
      how: 'Choose Settings, Connectors, Add custom connector, and paste the URL. The URL must be public: connectors run in the network of their maker.',
      text: null,
    },
    {
      id: 'cursor',
      client: 'Cursor',
      how: 'In `.cursor/mcp.json`:',
      text: JSON.stringify({ mcpServers: { [slug]: { url } } }, null, 2),
    },
    {
      id: 'vscode',
      client: 'VS Code',
      how: 'In `.vscode/mcp.json`:',
      text: JSON.stringify({ servers: { [slug]: { type: 'http', url } } }, null, 2),
    },
    {
      id: 'sdk',
      client: 'TypeScript SDK',
      how: 'With `@modelcontextprotocol/client`:',
      text: `import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const client = new Client({ name: 'example', version: '1.0.0' });
await client.connect(new StreamableHTTPClientTransport(new URL('${url}')));
console.log(await client.listTools());
await client.close();`,
    },
    {
      id: 'other',
      client: 'Other clients',
      how: 'Choose the transport “Streamable HTTP” and paste the URL.',
      text: null,
    },
  ];
}
