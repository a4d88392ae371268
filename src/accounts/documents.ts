import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { decide } from '../approvals/decision.ts';
import { overridesMethod } from '../approvals/overrides.ts';
import { invalidValue } from '../base/errors.ts';
import { createFairLimiter } from '../base/fair-queue.ts';
import { unpackedBytes } from '../base/gzip.ts';
import { type MemoryBudget, OverBudget, SMALL_BYTES } from '../base/memory-budget.ts';
import { MemoryScope } from '../base/memory-scope.ts';
import type { StoredService } from '../calls/service.ts';
import type { Deps } from '../deps.ts';
import { EgressRefused, FetchFailed } from '../egress/egress.ts';
import type { Contents, Integration } from '../store/integrations.ts';
import { deriveInWorker, deriveSmallInWorker } from '../tools/derive-in-worker.ts';
import { DocumentError } from '../tools/errors.ts';
import { readTools } from '../tools/packed.ts';
import type { Scoped } from '../tools/scope.ts';
import type { Skipped } from '../tools/types.ts';

/** Where an OpenAPI document comes from: its bytes, or a URL. */
export type DocumentSource = { readonly bytes: Uint8Array } | { readonly url: string };

/** The memory of the documents of one request; the signal is aborted when somebody else needs it. */
export type DocumentMemory = Disposable & {
  readonly signal: AbortSignal;
  /** Resolves when there is room for so many bytes. Rejects with OverBudget. */
  readonly reach: (bytes: number) => Promise<void>;
};

/** Begins to hold memory for documents of an organization. Throws OverBudget. */
export function createDocumentMemory(budget: MemoryBudget, organizationId: string): DocumentMemory {
  const leaving = new AbortController();
  const scope = new MemoryScope(budget, organizationId, () => leaving.abort(new OverBudget('share')));
  const held = scope.hold('documents', 0);
  const { signal } = leaving;
  return { signal, reach: (bytes) => held.waitToResize(bytes, signal), [Symbol.dispose]: () => scope.release() };
}

/** A document at hand. `path` is what brought it, empty where it was stored; `url` is where it came from, null for none. */
export type Document = { readonly bytes: Uint8Array; readonly url: string | null; readonly path: readonly string[] };

const READS = { readOnlyHint: true };
const HELD_BACK =
  'lies where an MCP server is registered whose calls wait for a person: send the document itself, in `document`.';

/** Bytes that a document may have, wherever it comes from. */
const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024;
/** Milliseconds that fetching a document may take. */
const FETCH_TIMEOUT_MS = 10_000;

/**
 * Reads a document for an organization, over the network where it must: then it is held in the memory, as it is in that of
 * the request that brings it. Throws `validation_failed` when it cannot be had, or lies where a server is on which nothing,
 * not even what only reads, runs without a person; and OverBudget.
 */
export async function readDocument(
  { egress, places }: Pick<Deps, 'egress' | 'places'>,
  organizationId: string,
  source: DocumentSource,
  { signal, reach }: DocumentMemory,
): Promise<Document> {
  if ('bytes' in source) {
    return { bytes: source.bytes, url: null, path: ['document'] };
  }
  const path = ['documentUrl'];
  try {
    const found = await places.of(organizationId);
    const check = (at: URL): void => {
      const request = { url: at, headers: [] };
      // A query can say as much as a call of a tool that reads.
      const hints = overridesMethod(request) ? {} : READS;
      if (found !== null && decide(found.strictest('auto_approve_all', request), hints).verdict === 'waits') {
        throw new EgressRefused(`${at.origin}${at.pathname} ${HELD_BACK}`);
      }
    };
    const room = (size: number) => (size > SMALL_BYTES ? reach(size) : undefined);
    const limits = { maxBytes: MAX_DOCUMENT_BYTES, timeoutMs: FETCH_TIMEOUT_MS, check, signal, room };
    const { bytes, url } = await egress.of(organizationId).fetchDocument(new URL(source.url), limits);
    return { bytes, url: url.href, path };
  } catch (error) {
    if (error instanceof EgressRefused || error instanceof FetchFailed) {
      throw invalidValue(path, error.message, 'invalid', error);
    }
    throw error;
  }
}

/** Bytes, about, that the skipped operations of an integration may take in its answers; characters of one text. */
const SKIPPED_BYTES = 64 * 1024;
const MAX_TEXT_CHARS = 256;

type Imported = {
  readonly facts: Pick<Integration, 'toolCount' | 'skipped' | 'service'>;
  readonly contents: Contents;
};

/** Documents of one organization that wait for a thread on which tools are made. */
const MAX_WAITING_IMPORTS = 16;
/** Bytes of a document that is small: reading it takes a fraction of a second. */
const SMALL_DOCUMENT_BYTES = 256 * 1024;

/** Each thread takes one document at a time, and organizations take turns. Small documents have one of their own. */
const oneAtATime = () => createFairLimiter({ slots: 1, slotsPerOwner: 1, mostWaiting: MAX_WAITING_IMPORTS });
const LARGE = { turns: oneAtATime(), derive: deriveInWorker };
const SMALL = { turns: oneAtATime(), derive: deriveSmallInWorker };

/**
 * Makes the tools of a document, off this thread. Throws `validation_failed`, saying where, when it is of no use, and
 * QueueFull when too many documents of the organization wait; OverBudget; or the reason of the signal.
 */
export async function importDocument(
  { bytes, url, path }: Document,
  { organizationId, name, toolTags }: Pick<Integration, 'organizationId' | 'name' | 'toolTags'>,
  { signal, reach }: Pick<DocumentMemory, 'signal' | 'reach'>,
): Promise<Imported> {
  // Before the worker takes the bytes away.
  const document: Buffer = await promisify(gzip)(bytes);
  try {
    const thread = bytes.length > SMALL_DOCUMENT_BYTES ? LARGE : SMALL;
    const derive = () => thread.derive(bytes, { integration: name, toolTags }, signal);
    const derived = await thread.turns.run(organizationId, derive, signal);
    const { title, servers, security, toolCount, skipped, tools } = derived;
    const service: StoredService = { title, servers, security, documentUrl: url };
    const selectors: Scoped[] = [];
    for await (const { method, verb, tags } of readTools(tools, reach)) {
      selectors.push({ method, verb, tags });
    }
    return {
      facts: { toolCount, skipped: shorten(skipped), service: JSON.stringify(service) },
      contents: { document, tools, selectors: JSON.stringify(selectors) },
    };
  } catch (error) {
    if (error instanceof DocumentError) {
      throw invalidValue(path, error.message, 'invalid', error);
    }
    throw error;
  }
}

/** As many of the skipped operations as fit, long ones cut, and how many there are besides: lists show them all. */
function shorten(skipped: readonly Skipped[]): Skipped[] {
  const cut = (text: string) =>
    text.length > MAX_TEXT_CHARS ? `${text.slice(0, MAX_TEXT_CHARS)}…`.toWellFormed() : text;
  const short = skipped.map(({ operation, reason }) => ({ operation: cut(operation), reason: cut(reason) }));
  let room = SKIPPED_BYTES;
  const fitting = short.filter((one) => {
    room -= JSON.stringify(one).length;
    return room >= 0;
  });
  const rest = short.length - fitting.length;
  return rest === 0 ? fitting : [...fitting, { operation: `${rest} more`, reason: 'This list is cut at 64 KiB.' }];
}

/** A document as it was before it was stored. Throws OverBudget. */
export async function unpackDocument(packed: Uint8Array, { reach }: DocumentMemory): Promise<Buffer> {
  await reach(unpackedBytes(packed));
  return promisify(gunzip)(packed);
}
