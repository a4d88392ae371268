import { createInterface } from 'node:readline';
import { echo } from './echo.ts';

/** An MCP server as a process that repeats its environment and its arguments: `node test/support/echoing-stdio-server.ts`. */
const given = [...Object.values(process.env), ...process.argv.slice(2)].join(' ');
for await (const line of createInterface({ input: process.stdin })) {
  const answer = echo(JSON.parse(line), given);
  if (answer !== undefined) {
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
}
