import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAnswerCheck } from '../../../src/suite/answer-check.ts';
import { credentialHeaders } from '../../support/client.ts';
import type { Json } from '../../support/json.ts';
import { requestOf } from '../../support/mcp-client.ts';
import { document } from '../../support/server.ts';
import { goodAnswer, type HostileServer } from './hostile-server.ts';
import { type Combination, eraOf, nameOf, textOf } from './matrix.ts';
import { PROCESS_ANSWERS, SCRIPT } from './stdio-answers.ts';

/** Milliseconds that an asker waits for a server that keeps it waiting, and for any other. */
const SLOW_MS = 600;
const PATIENT_MS = 20_000;
const STREAM_MS = 250;

const answers = createAnswerCheck(document);
let names = 0;

type Asked = {
  readonly verb: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
};

export type Driver = {
  /** Speaks to the server of a combination in every way that its moment needs. Returns what was not as documented. */
  readonly run: (combination: Combination) => Promise<string[]>;
};

/** Drives a gateway through combinations. `directory`: for files. */
export function createDriver(url: string, organizationId: string, hostile: HostileServer, directory: string): Driver {
  return {
    run: async (combination) => {
      const wrong: string[] = [];
      const { transport, way, moment, answer } = combination;
      let isReached = false;
      const reaching = Promise.withResolvers<void>();
      const reached = (): void => {
        isReached = true;
        reaching.resolve();
      };
      const ask = async (asked: Asked, patienceMs = answer.isSlow ? SLOW_MS : PATIENT_MS): Promise<Json> => {
        const { verb, path, headers = {}, body } = asked;
        const signal = AbortSignal.timeout(patienceMs);
        const what = `${nameOf(combination)}: ${verb} ${path}`;
        try {
          const response = await fetch(url + path, {
            method: verb,
            headers: { ...(body !== undefined && { 'Content-Type': 'application/json' }), ...headers },
            ...(body !== undefined && { body: JSON.stringify(body) }),
            signal,
          });
          // An internal error is never the asker's fault, nor the server's.
          if (response.status === 500) {
            wrong.push(`${what} answered 500`);
          }
          const text = await response.text();
          const { status, headers: received } = response;
          // What a server says to its own client is passed on as it is, whatever it is.
          const isRelayed = path.startsWith('/mcp/') && status < 300;
          if (!isRelayed) {
            const broken = answers.violations(verb, path, { status, headers: received, text });
            wrong.push(...broken.map((one) => `${what}: ${one}`));
          }
          const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
          return {
            status: response.status,
            session: response.headers.get('mcp-session-id'),
            body: isJson && text !== '' ? JSON.parse(text) : text,
          };
        } catch (error) {
          // Who is kept waiting leaves; an answer that has begun, and is passed on as it comes, breaks as its server does.
          if (signal.aborted && !answer.isSlow && patienceMs === PATIENT_MS) {
            wrong.push(`${what}: no answer within ${PATIENT_MS} ms`);
          } else if (!signal.aborted && !/terminated|fetch failed|JSON|closed/.test(String(error))) {
            wrong.push(`${what}: ${error}`);
          }
          return { status: 0 };
        }
      };
      const team = credentialHeaders('team');
      const operator = credentialHeaders('operator');
      const message = (token: string, body: object, headers: Record<string, string> = {}) =>
        ask({
          verb: 'POST',
          path: `/mcp/${token}`,
          headers: { Accept: 'application/json, text/event-stream', ...headers },
          body,
        });
      const mint = async (id: string): Promise<string> =>
        (
          await ask(
            {
              verb: 'POST',
              path: `/integrated-account/${id}/mcp`,
              headers: credentialHeaders('token'),
              body: { name: 'x' },
            },
            PATIENT_MS,
          )
        ).body?.token;
      const callAs = (token: string, era: 'just calls' | 'stateless', method: string, params: object = {}) => {
        const { body, headers } = requestOf(era, 1, method, { ...params });
        return message(token, body, headers);
      };
      const stream = async (token: string, headers: Record<string, string>): Promise<void> => {
        await ask(
          { verb: 'GET', path: `/mcp/${token}`, headers: { Accept: 'text/event-stream', ...headers } },
          STREAM_MS,
        );
      };

      const added =
        transport === 'stdio' ? null : hostile.add(transport, { era: eraOf(combination), moment, answer, reached });
      const name = `h${++names}`;
      if (way === 'operator') {
        const mcpServer =
          transport === 'stdio'
            ? processOf(combination, name, directory)
            : { name, transport: transport === 'http' ? 'streamable_http' : transport, url: added?.url };
        const create = { name, mcpServer: { ...mcpServer, timeoutSeconds: 1 } };
        const created = await ask(
          {
            verb: 'POST',
            path: '/admin/api/v1/mcp-servers',
            headers: { ...operator, Prefer: 'handling=lenient' },
            body: create,
          },
          PATIENT_MS,
        );
        const id = created.body?.data?.id;
        if (id === undefined) {
          wrong.push(`${nameOf(combination)}: not created: ${JSON.stringify(created)}`);
          added?.remove();
          return wrong;
        }
        const path = `/admin/api/v1/mcp-servers/${id}`;
        await ask({ verb: 'POST', path: `${path}/tools`, headers: operator }, PATIENT_MS);
        await ask(
          { verb: 'PUT', path: `${path}/organizations`, headers: operator, body: { organizations: [organizationId] } },
          PATIENT_MS,
        );
        const token = await mint(id);
        await callAs(token, 'just calls', 'tools/list');
        await callAs(token, 'just calls', 'tools/call', { name: 'act' });
        await ask(
          {
            verb: 'PATCH',
            path,
            headers: { ...operator, Prefer: 'handling=lenient' },
            body: { mcpServer: { ...mcpServer, timeoutSeconds: 2 } },
          },
          PATIENT_MS,
        );
        await ask({ verb: 'GET', path: '/admin/api/v1/runtime/status', headers: operator }, PATIENT_MS);
        await ask({ verb: 'DELETE', path, headers: operator }, PATIENT_MS);
        added?.remove();
        return wrong;
      }
      const wire = { http: 'STREAMABLE_HTTP', sse: 'SSE', websocket: 'WebSocket', stdio: '' }[transport];
      const create = { name, url: added?.url, transport: wire, approval_policy: 'auto_approve_all' };
      const created = await ask({ verb: 'POST', path: '/api/mcp-servers', headers: team, body: create }, PATIENT_MS);
      const id: string = created.body?.data?.id ?? '';
      const token = await mint(id.slice('mcp_'.length));
      if (way === 'own session') {
        const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
        const { session } = await message(token, { jsonrpc: '2.0', id: 0, method: 'initialize', params });
        const own: Record<string, string> = session ? { 'Mcp-Session-Id': session } : {};
        await message(token, { jsonrpc: '2.0', method: 'notifications/initialized' }, own);
        await message(token, { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'act' } }, own);
        await stream(token, own);
        await ask({ verb: 'DELETE', path: `/mcp/${token}`, headers: own });
      } else if (way === 'stateless') {
        for (const method of ['server/discover', 'tools/list']) {
          await callAs(token, 'stateless', method);
        }
        await callAs(token, 'stateless', 'tools/call', { name: 'act' });
      } else {
        await ask({ verb: 'GET', path: `/api/mcp-servers/${id}/tools`, headers: team });
        await callAs(token, 'just calls', 'tools/call', { name: 'act' });
      }
      const isHeardAlone = moment === 'GET' || moment === 'subscriptions/listen';
      if (isHeardAlone) {
        // The gateway listens by itself, soon after it has listed the tools.
        await Promise.race([reaching.promise, new Promise((resolve) => setTimeout(resolve, STREAM_MS))]);
      }
      if (isReached || isHeardAlone) {
        await new Promise((resolve) => setTimeout(resolve, 60));
      }
      await ask({ verb: 'DELETE', path: `/api/mcp-servers/${id}`, headers: team }, PATIENT_MS);
      added?.remove();
      return wrong;
    },
  };
}

/** The configuration of a local process that does as the combination says. */
function processOf(combination: Combination, name: string, directory: string): Json {
  const goods = Object.fromEntries(
    ['initialize', 'tools/list', 'tools/call'].map((method) => [method, goodAnswer('handshake', { id: 'ID', method })]),
  );
  const file = join(directory, `${name}.txt`);
  writeFileSync(file, textOf(combination, goods[combination.moment] ?? ''));
  const env = {
    MOMENT: combination.moment,
    DEED: PROCESS_ANSWERS[combination.answer.name],
    GOODS: JSON.stringify(goods),
    TEXTS: file,
  };
  return { name, transport: 'stdio', command: process.execPath, args: ['-e', SCRIPT], env };
}
