import { createServer } from 'node:http';
import { announce } from './announce.ts';
import { answerTo, type Message } from './answers.ts';

/**
 * The MCP server behind every side, in a process of its own. Each message says which era it speaks; there are no sessions.
 */
announce(
  createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (request.method !== 'POST') {
        response.writeHead(405, { Allow: 'POST' }).end();
        return;
      }
      const answer = answerTo(JSON.parse(Buffer.concat(chunks).toString()) as Message);
      if (answer === null) {
        response.writeHead(202).end();
        return;
      }
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': answer.length });
      response.end(answer);
    });
  }),
);
