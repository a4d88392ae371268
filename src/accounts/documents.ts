import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { decideRequest } from '../approvals/decide-call.ts';
import { invalidValue } from '../base/errors.ts';
import { createFairLimiter } from '../base/fair-queue.ts';
import { unpackedBytes } from '../base/gzip.ts';
import { type MemoryBudget, OverBudget, SMALL_BYTES } from '../base/memory-budget.ts';
import { MemoryScope } from '../base/memory-scope.ts';
import type { StoredService } from '../calls/service.ts';
import { ruleOf } from '../contract/approval-policies.ts';
import type { Deps } from '../deps.ts';
import { EgressRefused, FetchFailed } from '../egress/egress.ts';
import type { Contents, Integration } from '../store/integrations.ts';
import { deriveInWorker, deriveSmallInWorker } from '../tools/derive-in-worker.ts';
import { DocumentError } from '../tools/errors.ts';
import { readTools } from '../tools/packed.ts';
import type { StoredSelector } from '../tools/scope.ts';

/** The source of an OpenAPI document: its bytes, or a URL. */
export type DocumentSource = { readonly bytes: Uint8Array } | { readonly url: string };

/** The memory of the documents of one request. The signal is aborted when another holder needs the memory. */
export type DocumentMemory = Disposable & {
  readonly signal: AbortSignal;
  /** Resolves when there is memory for this number of bytes. Rejects with OverBudget. */
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

/**
 * A document. `path` leads to the field that brought it, and is empty for a stored document; `url` is its source, or
 * null.
 */
export type Document = { readonly bytes: Uint8Array; readonly url: string | null; readonly path: readonly string[] };

const READS = { readOnlyHint: true };
const HELD_BACK =
  'lies where an MCP server is registered whose calls wait for a person: send the document itself, in `document`.';

/** The maximum size of a document from any source, in bytes. */
const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024;
/** The maximum time for fetching a document, in milliseconds. */
const FETCH_TIMEOUT_MS = 10_000;

/**
 * Reads a document for an organization, from its bytes or from a URL. The memory holds a fetched document; the
 * request holds one that it brings. Throws `validation_failed` if the document cannot be fetched, or if its URL is at
 * a server whose reading calls wait for approval; and OverBudget.
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
      // A query can carry as much as a call of a reading tool.
      if (decideRequest(ruleOf('auto_approve_all'), found, { url: at, headers: [] }, READS).verdict === 'waits') {
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

/**
 * The approximate maximum size of the lists of skipped operations and of warnings in answers, in bytes; the maximum
 * length of one text.
 */
const LIST_BYTES = 64 * 1024;
const MAX_TEXT_CHARS = 256;

type Imported = {
  readonly facts: Pick<Integration, 'toolCount' | 'toolsBytes' | 'skipped' | 'warnings' | 'service'>;
  readonly contents: Contents;
};

/** The maximum number of documents of one organization that wait for a thread. */
const MAX_WAITING_IMPORTS = 16;
/** The maximum size of a small document, in bytes: reading it takes a fraction of a second. */
const SMALL_DOCUMENT_BYTES = 256 * 1024;

/** Each thread reads one document at a time, and organizations take turns. Small documents have their own thread. */
const oneAtATime = () => createFairLimiter({ slots: 1, slotsPerOwner: 1, mostWaiting: MAX_WAITING_IMPORTS });
const LARGE = { turns: oneAtATime(), derive: deriveInWorker };
const SMALL = { turns: oneAtATime(), derive: deriveSmallInWorker };

/** The fields of an integration that its tools are made by. */
export type ImportFields = Pick<
  Integration,
  'organizationId' | 'name' | 'toolTags' | 'outputSchemas' | 'undocumented' | 'naming'
>;

/**
 * Derives the tools of a document on another thread. `shared`: the segments that left the resources before, so that names
 * stay. Throws `validation_failed`, with the place, if the document is
 * unusable; QueueFull if too many documents of the organization wait; OverBudget; or the reason of the signal.
 */
export async function importDocument(
  { bytes, url, path }: Document,
  { organizationId, name, toolTags, outputSchemas, undocumented, naming }: ImportFields,
  shared: readonly string[] | undefined,
  { signal, reach }: Pick<DocumentMemory, 'signal' | 'reach'>,
): Promise<Imported> {
  // Before the bytes move to the worker.
  const document: Buffer = await promisify(gzip)(bytes);
  try {
    const thread = bytes.length > SMALL_DOCUMENT_BYTES ? LARGE : SMALL;
    const derive = () =>
      thread.derive(bytes, { integration: name, toolTags, outputSchemas, undocumented, naming, shared }, signal);
    const derived = await thread.turns.run(organizationId, derive, signal);
    const { title, servers, security, accesses, toolCount, toolsBytes, tools } = derived;
    const left = naming === 1 ? {} : { shared: derived.shared };
    const skipped = shorten(derived.skipped, (rest) => ({ operation: `${rest} more`, reason: CUT }));
    const warnings = shorten(derived.warnings, (rest) => ({ operation: null, message: `${rest} more. ${CUT}` }));
    const service: StoredService = { title, servers, security, accesses, documentUrl: url, ...left };
    const selectors: StoredSelector[] = [];
    for await (const { method, verb, tags, request } of readTools(tools, reach)) {
      const { access } = request;
      selectors.push({ method, verb, tags, ...(access !== undefined && { access }) });
    }
    return {
      facts: { toolCount, toolsBytes, skipped, warnings, service: JSON.stringify(service) },
      contents: { document, tools, selectors: JSON.stringify(selectors) },
    };
  } catch (error) {
    if (error instanceof DocumentError) {
      throw invalidValue(path, error.message, 'invalid', error);
    }
    throw error;
  }
}

const CUT = 'This list is cut at 64 KiB.';

/**
 * Shortens a list about operations to its maximum size, and adds an entry with the number of the others: lists of
 * integrations show all of it.
 */
function shorten<T extends Readonly<Record<string, string | null>>>(
  entries: readonly T[],
  others: (count: number) => T,
): T[] {
  const cut = (text: string | null) =>
    text !== null && text.length > MAX_TEXT_CHARS ? `${text.slice(0, MAX_TEXT_CHARS)}…`.toWellFormed() : text;
  const short = entries.map((entry) => {
    return Object.fromEntries(Object.entries(entry).map(([name, text]) => [name, cut(text)])) as T;
  });
  let room = LIST_BYTES;
  const fitting = short.filter((one) => {
    room -= JSON.stringify(one).length;
    return room >= 0;
  });
  const rest = short.length - fitting.length;
  return rest === 0 ? fitting : [...fitting, others(rest)];
}

/** Unpacks a stored document. Throws OverBudget. */
export async function unpackDocument(packed: Uint8Array, { reach }: DocumentMemory): Promise<Buffer> {
  await reach(unpackedBytes(packed));
  return promisify(gunzip)(packed);
}
