import type { ServerResponse } from 'node:http';
import type { RequestHandler } from 'express';
import { ApiError } from '../base/errors.ts';
import type { MemoryBudget } from '../base/memory-budget.ts';
import { MemoryScope } from '../base/memory-scope.ts';
import { readJson } from '../base/read-json.ts';
import type { Operation } from '../contract/document.ts';
import { admitToBatch, BatchAnswer, isBatch, splitBatch } from '../gateway/batch.ts';
import { noSuchEndpoint } from '../gateway/endpoints.ts';
import type { EventPart } from '../gateway/event-part.ts';
import { RpcError, type RpcId, readMessage } from '../gateway/message.ts';
import { sendJson, sendRpcError } from '../gateway/reply.ts';
import { noSuchSession } from '../gateway/sessions.ts';
import { NO_SESSION } from '../gateway/streams.ts';
import { bearer } from '../http/authenticate.ts';
import type { Identified } from '../http/context.ts';
import { readBytes } from '../http/read-bytes.ts';
import { type Contacts, createContacts, type Message } from './contacts.ts';

const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

/** Serves an operation of MCP clients. */
export type ServeMcp = (operation: Operation) => RequestHandler;

/** Creates the endpoint of every token: the sandbox's small MCP server, which speaks with real clients. */
export function createEndpoint(publicUrl: string, budget: MemoryBudget): ServeMcp {
  const contacts = createContacts();
  return ({ path }) =>
    async (request, response) => {
      if (path === '/mcp' && bearer(request) === undefined) {
        throw noSuchEndpoint(false);
      }
      if (request.method === 'POST') {
        await post(request, response);
      } else if (request.headers['mcp-session-id'] === undefined) {
        throw new ApiError('method_not_allowed', NO_SESSION, {
          headers: { Allow: 'POST' },
        });
      } else if (!contacts.serve(request, response, {})) {
        throw new ApiError('not_found', noSuchSession().message);
      }
    };

  async function post(request: Identified, response: ServerResponse): Promise<void> {
    const memory = new MemoryScope(budget, null, () => response.destroy());
    response.once('close', () => memory.release());
    request.memory = memory;
    const bytes = await readBytes(request, response, MAX_MESSAGE_BYTES, memory);
    let batch: readonly Buffer[] | null;
    try {
      batch = isBatch(request, bytes) ? await splitBatch(request, bytes) : null;
    } catch (error) {
      refuse(request, response, error);
      return;
    }
    if (batch === null) {
      await answerOne(request, response, bytes);
      return;
    }
    const answers = new BatchAnswer(response);
    for (const one of batch) {
      await answers.add(request, (part) => answerOne(request, part, one, part));
    }
    answers.end();
  }

  /** Answers one message; `part` is the place of its answer in that to a batch. */
  async function answerOne(
    request: Identified,
    response: ServerResponse,
    bytes: Buffer,
    part?: EventPart,
  ): Promise<void> {
    let id: RpcId | undefined;
    try {
      const message = await readMessage(bytes, 'mock', new AbortController().signal);
      ({ id } = message);
      if (part !== undefined) {
        admitToBatch(part, message);
      }
      answerMessage(contacts, request, response, { ...(readJson(String(message.json)) as Message), id });
    } catch (error) {
      refuse(request, response, error, id);
    }
  }

  function refuse(request: Identified, response: ServerResponse, error: unknown, id?: RpcId): void {
    if (!(error instanceof RpcError)) {
      throw error;
    }
    sendRpcError(request, response, publicUrl, error, id);
  }
}

/** Answers a message in its session or, as the gateway does, outside of any. */
function answerMessage(contacts: Contacts, request: Identified, response: ServerResponse, message: Message): void {
  const { id, method } = message;
  if (method === 'initialize' || request.headers['mcp-session-id'] !== undefined) {
    if (!contacts.serve(request, response, message)) {
      throw noSuchSession();
    }
  } else if (id === undefined || method === undefined) {
    response.writeHead(202).end();
  } else {
    sendJson(request, response, 200, JSON.stringify({ jsonrpc: '2.0', id, ...contacts.answerTo(message) }));
  }
}
