import { OverBudget } from '../base/memory-budget.ts';
import { MAX_UNPACKED_RATIO, UnpackFailed, unpack } from '../base/unpack.ts';
import { EgressRefused } from './egress-refused.ts';
import { discard, type HttpAnswer } from './http-answer.ts';
import type { Policy } from './policy.ts';
import { type OwnedDispatcher, sendHttp } from './send-http.ts';

/** The limits of fetching one document. */
export type FetchLimits = {
  /** The maximum of the body, as received and decompressed. */
  readonly maxBytes: number;
  /** For everything together, including redirects. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Awaited before more bytes are held. Its rejection is passed on. */
  readonly room?: (bytes: number) => Promise<void> | undefined;
  /** Called before each request, including redirects; its errors are passed on. */
  readonly check?: (url: URL) => void;
};

/** A fetched document. */
export type FetchedDocument = {
  /** Decompressed. */
  readonly bytes: Buffer;
  /** In lower case, without parameters; null if the server names none. */
  readonly mediaType: string | null;
  /** The URL after the last redirect. */
  readonly url: URL;
};

/** A document could not be fetched. The message is for the user who gave its URL; `cause` is for the log. */
export class FetchFailed extends Error {
  override readonly name = 'FetchFailed';
}

const MAX_REDIRECTS = 5;
const REDIRECT_STATUS = new Set([301, 302, 303, 307, 308]);
/** No private data: every origin in a redirect receives these headers. */
const HEADERS = {
  accept: 'application/json, application/yaml, text/yaml, */*;q=0.5',
  'accept-encoding': 'gzip, deflate, br',
  // GitHub, where many documents are, answers nobody without a name.
  'user-agent': 'gatehouse',
};

/** Fetches documents through a dispatcher that applies the policy to addresses; see `Egress.fetchDocument`. */
export const createFetchDocument =
  (policy: Policy, way: OwnedDispatcher) =>
  async (start: URL, { maxBytes, timeoutMs, signal, check, room }: FetchLimits): Promise<FetchedDocument> => {
    const deadline = AbortSignal.timeout(timeoutMs);
    const either = signal === undefined ? deadline : AbortSignal.any([deadline, signal]);
    let url = start;
    try {
      for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
        checkDocumentUrl(policy, url);
        check?.(url);
        const answer = await get(way, url, either);
        try {
          if (!REDIRECT_STATUS.has(answer.status)) {
            return { ...(await read(url, answer, maxBytes, room)), url };
          }
          url = target(url, answer);
        } finally {
          discard(answer);
        }
      }
    } catch (error) {
      if (error instanceof EgressRefused || error instanceof FetchFailed || error instanceof OverBudget) {
        throw error;
      }
      signal?.throwIfAborted();
      throw deadline.aborted
        ? new FetchFailed(`${place(url)} did not arrive within ${timeoutMs} ms.`)
        : new FetchFailed(`${place(url)} cannot be fetched (${reason(error)}).`, { cause: error });
    }
    throw new FetchFailed(`${place(start)} redirects more than ${MAX_REDIRECTS} times.`);
  };

function checkDocumentUrl(policy: Policy, url: URL): void {
  policy.url(url);
  if (!/^https?:$/.test(url.protocol)) {
    throw new EgressRefused(`Documents are fetched over http and https only, not ${url.protocol}`);
  }
}

function get(way: OwnedDispatcher, { origin, pathname, search }: URL, signal: AbortSignal): Promise<HttpAnswer> {
  // The signal knows when it has taken too long.
  const request = {
    origin,
    path: pathname + search,
    method: 'GET',
    headers: HEADERS,
    body: null,
    signal,
    idleTimeoutMs: 0,
  } as const;
  return sendHttp(way, request, ({ cause }) => cause);
}

function target(from: URL, { headers: { location }, status }: HttpAnswer): URL {
  const to = location === undefined ? null : URL.parse(location, from.href);
  if (to === null) {
    throw new FetchFailed(`${place(from)} answered ${status} without a Location that is a URL.`);
  }
  // Whoever reads and changes plain HTTP would decide what the tools are and where their credentials go.
  if (from.protocol === 'https:' && to.protocol === 'http:') {
    throw new FetchFailed(`${place(from)} redirects from https to http.`);
  }
  return to;
}

async function read(
  url: URL,
  { status, headers, body }: HttpAnswer,
  maxBytes: number,
  room: FetchLimits['room'],
): Promise<Omit<FetchedDocument, 'url'>> {
  if (status < 200 || status > 299) {
    throw new FetchFailed(`${place(url)} answered ${status}.`);
  }
  const bytes = await unpack(body, headers['content-encoding'], maxBytes, room).catch((error: unknown) => {
    if (!(error instanceof UnpackFailed)) {
      throw error;
    }
    throw error.kind === 'broken' ? error.cause : new FetchFailed(`${place(url)} ${refusal(error.kind, maxBytes)}`);
  });
  const [mediaType = ''] = (headers['content-type'] ?? '').split(';');
  return { bytes, mediaType: mediaType.trim().toLowerCase() || null };
}

function refusal(kind: Exclude<UnpackFailed['kind'], 'broken'>, maxBytes: number): string {
  switch (kind) {
    case 'coding':
      return 'came with a Content-Encoding other than gzip, deflate, br and zstd.';
    case 'large':
      return `is larger than ${maxBytes} bytes.`;
    case 'dense':
      return `unpacks to more than ${MAX_UNPACKED_RATIO} times its size.`;
  }
}

/** Returns a URL without its possibly secret parts. */
const place = ({ origin, pathname }: URL): string => origin + pathname;

const reason = (error: unknown): string => {
  const { code, name } = error as { code?: unknown; name: string };
  return typeof code === 'string' ? code : name;
};
