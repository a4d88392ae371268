import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type Context, checks } from '../../check.ts';
import { holds, same } from '../../expect.ts';
import { Skipped } from '../../failed.ts';
import { documentOf } from '../accounts/documents.ts';
import { dataOf } from '../servers/support.ts';
import { approvalIn, approve, askStateless, firstRound, heldTool, readRequest, resultOf } from './held-call.ts';

const EXACT = '{"id":12345678901234567890,"total":1.50,"text":"a"}';
const REORDERED = '{"text":"a","total":1.50,"id":12345678901234567890}';
const NOTES = documentOf({
  '/notes': {
    post: {
      summary: 'Write a note',
      requestBody: {
        required: true,
        content: {
          'application/json': {
            schema: {
              type: 'object',
              properties: { id: { type: 'integer' }, total: { type: 'number' }, text: { type: 'string' } },
            },
          },
        },
      },
      responses: { '200': { description: 'Written' } },
    },
  },
});

/** Runs a check with a service on this machine. `arrived` are the bodies that it has got. */
async function withService(check: (base: string, arrived: readonly string[]) => Promise<void>): Promise<void> {
  const arrived: string[] = [];
  const service = createServer(async (request, response) => {
    arrived.push(await text(request));
    response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  try {
    await check(`http://127.0.0.1:${(service.address() as AddressInfo).port}`, arrived);
  } finally {
    service.closeAllConnections();
    service.close();
  }
}

/** What arrives at the service of a tool whose calls wait: only a gateway that reaches this machine can be checked. */
export const arrivalChecks = checks('all', {
  'tools/call: a service gets exactly what a person has seen, once, and nothing else': async (context) =>
    withService(async (base_url, arrived) => {
      const held = await heldTool(context, { document: NOTES, base_url });
      const { id, state: requestState } = await firstRound(held, EXACT);
      same(await readRequest(held.approver, id), 'calls that arrived before a decision:', arrived.length, 0);
      await approve(held.approver, id);
      const answers = await Promise.all([1, 2, 3].map(() => askStateless(held, REORDERED, { requestState })));
      const whole = await readRequest(held.approver, id);
      same(whole, 'status', dataOf(whole).status, 'used');
      const sent = answers.find((answer) => approvalIn(answer) === undefined) ?? whole;
      if (arrived.length === 0 && resultOf(sent).isError === true) {
        throw new Skipped('this server does not reach services at 127.0.0.1 (GATEHOUSE_EGRESS_ALLOW)');
      }
      same(sent, 'calls that arrived:', arrived.length, 1);
      const seen = /"arguments":(\{[^{}]*\})/.exec(whole.text)?.[1];
      holds(whole, seen === arrived[0], `the arguments that arrived: ${arrived[0]}`, seen);
      const denied = await firstRound(held, '{"text":"denied"}');
      await approve(held.approver, denied.id, 'deny');
      await askStateless(held, '{"text":"denied"}', { requestState: denied.state });
      same(denied.answer, 'calls that arrived after a denial:', arrived.length, 1);
    }),
} satisfies Readonly<Record<string, (context: Context) => Promise<void>>>);
