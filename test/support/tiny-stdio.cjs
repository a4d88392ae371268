// An MCP server (2025-11-25) in a few lines, so that a thousand of them can be started: one tool, which says how it runs.
const { createInterface } = require('node:readline');
const RESULTS = {
  initialize: {
    protocolVersion: '2025-11-25',
    capabilities: { tools: {} },
    serverInfo: { name: 'tiny', version: '1' },
  },
  'tools/list': { tools: [{ name: 'word', inputSchema: { type: 'object' } }] },
  'tools/call': { content: [{ type: 'text', text: process.env.WORD ?? '' }] },
};
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method } = JSON.parse(line);
  if (id !== undefined) {
    process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, result: RESULTS[method] ?? {} })}\n`);
  }
});
