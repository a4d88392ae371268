import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { NotApproved } from '../approvals/admission.ts';
import { isObject } from '../base/is-object.ts';
import type { Deps } from '../deps.ts';
import * as decisions from '../store/approval-decisions.ts';
import * as requests from '../store/approval-requests.ts';
import { timeOf } from '../store/time.ts';
import type { EndpointRequest } from './call.ts';
import type { elicitationRequest } from './elicitation.ts';
import { EventPart } from './event-part.ts';
import type { Message } from './message.ts';
import { acceptOf, beginEvents } from './reply.ts';

/** The interval of signs of life on the stream of a held call, in milliseconds. */
const SIGN_OF_LIFE_MS = 10_000;
/** The share of each sign of life in the progress: so little that the progress of the server always comes after it. */
const PROGRESS_STEP = 1e-6;

/**
 * The place of the answer to one message. It can become a stream of events before the answer is known, so that proxies
 * and clients see that the call goes on. Dispose of it after the answer.
 */
export class HoldableAnswer implements Disposable {
  readonly #request: IncomingMessage;
  readonly #whole: ServerResponse;
  #part: EventPart | undefined;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request;
    this.#whole = response;
  }

  /** Where the answer goes. */
  get response(): ServerResponse {
    return this.#part ?? this.#whole;
  }

  /** Whether the answer is a stream, or can become one. */
  get canStream(): boolean {
    return this.#part !== undefined || (acceptOf(this.#request).events && !this.#whole.headersSent);
  }

  /** Begins the stream if the client reads one, and returns it; null if the client must wait in silence. */
  stream(): ServerResponse | null {
    if (!this.canStream) {
      return null;
    }
    if (this.#part === undefined) {
      beginEvents(this.#whole);
      this.#part = new EventPart(this.#request, this.#whole);
    }
    return this.#whole;
  }

  [Symbol.dispose](): void {
    if (this.#part !== undefined) {
      this.#part[Symbol.dispose]();
      // A stream that ends without a response must not look complete.
      this.#part.isEnded ? this.#whole.end() : this.#whole.destroy();
    }
  }
}

/** How a client is held: where its answer goes, until when, and what asks its person to open the page of the request. */
type Holding = {
  readonly answer: HoldableAnswer;
  readonly message: Message;
  readonly until: number;
  readonly elicitation: ReturnType<typeof elicitationRequest> | null;
};

/**
 * Holds the client of a call that waits until its request changes, its person does not want to know of it, `until` (of `performance.now()`) is reached, or the
 * server stops, and returns the request as it is then; null if the call is to be decided again, because it is approved, or its
 * request is gone. Rejects with the reason of the signal: the request stays.
 */
export async function holdCall(
  deps: Pick<Deps, 'store' | 'approvalWaits' | 'stopping'>,
  { signal, hold }: Pick<EndpointRequest, 'signal' | 'hold'>,
  { request }: NotApproved,
  { answer, message, until, elicitation }: Holding,
): Promise<NotApproved | null> {
  signal.throwIfAborted();
  using call = deps.approvalWaits.hold(request.id, elicitation?.id);
  // Read after it is held: no change is missed.
  const found = await settled(deps, request);
  const leftMs = until - performance.now();
  if (found === null || found.kind === 'refused' || leftMs <= 0) {
    return found;
  }
  using slot = hold();
  if (slot === null) {
    return found;
  }
  const stream = answer.stream();
  using _signs = giveSignsOfLife(stream, message);
  if (elicitation !== null) {
    stream?.write(`event: message\ndata: ${JSON.stringify(elicitation)}\n\n`);
  }
  const ending = new AbortController();
  const over = AbortSignal.any([signal, deps.stopping, ending.signal]);
  const isOver = pause(leftMs, 'over' as const, { signal: over }).catch(() => 'over' as const);
  try {
    for (;;) {
      const event = await Promise.race([call.next(), isOver]);
      signal.throwIfAborted();
      const now = await settled(deps, request);
      // A change may also be none.
      if (event !== 'changed' || now?.kind !== 'waits') {
        return now;
      }
    }
  } finally {
    ending.abort();
  }
}

/** Reads a request as it is now; null as above. */
async function settled(
  { store: { read } }: Pick<Deps, 'store'>,
  { organizationId, id }: requests.ApprovalRequest,
): Promise<NotApproved | null> {
  const request = await requests.find(read, organizationId, id, await timeOf(read));
  if (request === null) {
    // With its organization.
    return null;
  }
  switch (request.status) {
    case 'approved':
      return null;
    case 'pending':
      return { kind: 'waits', request };
    default: {
      const reason = request.status === 'denied' ? await decisions.reasonOfDenial(read, id) : null;
      return { kind: 'refused', request, reason };
    }
  }
}

/** Tells the client at once and then regularly that its call goes on. */
function giveSignsOfLife(stream: ServerResponse | null, { params: { _meta: meta } }: Message): Disposable {
  if (stream === null) {
    return { [Symbol.dispose]: () => undefined };
  }
  const progressToken = isObject(meta) ? meta.progressToken : undefined;
  let signs = 0;
  const tell = (): void => {
    signs += 1;
    const told = { progressToken, progress: signs * PROGRESS_STEP, message: 'A person must approve this call.' };
    stream.write(
      progressToken === undefined
        ? ': a person must approve this call\n\n'
        : `event: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params: told })}\n\n`,
    );
  };
  tell();
  const timer = setInterval(tell, SIGN_OF_LIFE_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
