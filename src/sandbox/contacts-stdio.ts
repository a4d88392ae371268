import { createInterface } from 'node:readline';
import { readJson } from '../base/read-json.ts';
import { createContacts, type Message } from '../mock/contacts.ts';

/** The MCP server of contacts as a program, over standard input and output: a local process for the sandbox's operator. */
const { answerTo } = createContacts();
for await (const line of createInterface({ input: process.stdin })) {
  const message = readJson(line) as Message;
  if (message.id !== undefined) {
    process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id: message.id, ...answerTo(message) })}\n`);
  }
}
