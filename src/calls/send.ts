import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { type Dispatcher, request as undiciRequest } from 'undici';
import { type Egress, EgressRefused } from '../egress/egress.ts';
import { CallFailed } from './errors.ts';
import type { HttpAnswer, HttpRequest } from './types.ts';

export type SendLimits = {
  /** Ends the request, and the answer while it is read. */
  readonly signal: AbortSignal;
  /** Of the answer's body, as it comes and decompressed. */
  readonly maxBytes: number;
};

const DECODERS: Readonly<Record<string, (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>>> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};
/** No service needs to be told more than what can be read. */
const HEADERS = {
  accept: 'application/json, */*;q=0.8',
  'accept-encoding': 'gzip, deflate, br',
  'user-agent': 'gatehouse',
};

/**
 * Sends a request under the egress policy and reads the answer whole. Follows no redirects. Tries again, once, only when
 * no connection came about, so that nothing was sent. Throws EgressRefused, CallFailed, or the reason of the signal.
 */
export async function send(
  egress: Egress,
  request: HttpRequest,
  { signal, maxBytes }: SendLimits,
): Promise<HttpAnswer> {
  const url = new URL(request.url);
  egress.check(url);
  if (!/^https?:$/.test(url.protocol)) {
    throw new CallFailed(`Tools are called over http and https only, not ${url.protocol}`);
  }
  const response = await connect(egress.dispatcher, url, request, signal);
  try {
    return {
      status: response.statusCode,
      headers: flat(response.headers),
      bytes: await bytesOf(response, url.host, maxBytes),
    };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof CallFailed) {
      throw error;
    }
    throw new CallFailed(`${url.host} broke off its answer (${reason(error)}); the call may have been carried out.`, {
      cause: error,
    });
  }
}

async function connect(
  dispatcher: Dispatcher,
  url: URL,
  { method, headers, body }: HttpRequest,
  signal: AbortSignal,
): Promise<Dispatcher.ResponseData> {
  let isSent = false;
  const noting = dispatcher.compose(
    (dispatch) => (options, handler) =>
      dispatch(options, {
        onRequestStart: (...args) => {
          isSent = true;
          return handler.onRequestStart?.(...args);
        },
        onRequestUpgrade: (...args) => handler.onRequestUpgrade?.(...args),
        onResponseStart: (...args) => handler.onResponseStart?.(...args),
        onResponseData: (...args) => handler.onResponseData?.(...args),
        onResponseEnd: (...args) => handler.onResponseEnd?.(...args),
        onResponseError: (...args) => handler.onResponseError?.(...args),
      }),
  );
  // The signal knows when it has taken too long: undici's own limits would end longer calls.
  const options = { method, body, signal, headersTimeout: 0, bodyTimeout: 0 };
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await undiciRequest(url, { ...options, dispatcher: noting, headers: { ...HEADERS, ...headers } });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof EgressRefused) {
        throw error;
      }
      if (isSent) {
        throw new CallFailed(
          `${url.host} broke off before it answered (${reason(error)}); the call may have been carried out.`,
          { cause: error },
        );
      }
      if (attempts === 2) {
        throw new CallFailed(`${url.host} cannot be reached (${reason(error)}).`, { cause: error });
      }
    }
  }
}

async function bytesOf({ headers, body }: Dispatcher.ResponseData, host: string, maxBytes: number): Promise<Buffer> {
  const tooLarge = (): CallFailed =>
    new CallFailed(`${host} answered more than ${maxBytes} bytes; the call was carried out, its answer is not read.`);
  const chunks: Buffer[] = [];
  let size = 0;
  // Whatever ends the loop ends the connection.
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) {
      throw tooLarge();
    }
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  const coding = String(headers['content-encoding'] ?? 'identity').toLowerCase();
  if (bytes.length === 0 || coding === 'identity') {
    return bytes;
  }
  const decode = Object.hasOwn(DECODERS, coding) ? DECODERS[coding] : undefined;
  try {
    if (decode !== undefined) {
      return await decode(bytes, { maxOutputLength: maxBytes });
    }
  } catch (error) {
    if (reason(error) === 'ERR_BUFFER_TOO_LARGE') {
      throw tooLarge();
    }
  }
  throw new CallFailed(`${host} answered in a Content-Encoding that cannot be read; the call was carried out.`);
}

const flat = (headers: Dispatcher.ResponseData['headers']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, [value].flat().join(', ')]],
    ),
  );

const reason = (error: unknown): string => {
  const { code, name } = error as { code?: unknown; name: string };
  return typeof code === 'string' ? code : name;
};
