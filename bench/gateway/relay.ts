import { Agent, createServer, request as send } from 'node:http';
import { announce } from './announce.ts';

/** The least that a relay can do: reads the JSON, sends it on over a connection that stays open, pipes the answer back. */
const [, , upstream = ''] = process.argv;
const agent = new Agent({ keepAlive: true });
announce(
  createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.stringify(JSON.parse(Buffer.concat(chunks).toString()));
      const { host, connection, 'content-length': length, ...headers } = request.headers;
      const forwarded = send(upstream, { method: 'POST', agent, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      forwarded.once('error', () => response.destroy());
      response.once('close', () => forwarded.destroy());
      forwarded.end(body);
    });
  }),
);
