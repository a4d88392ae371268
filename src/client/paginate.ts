import type { Answer, CallInit, GatehouseClient, OperationAt, PathOf } from './calls.ts';

/** One object of a page, in any of the three forms that pages have; never if it is no page. */
type ItemOf<Page> = Page extends { result: (infer I)[]; next_cursor: string | null }
  ? I
  : Page extends { data: (infer I)[]; nextCursor: string | null }
    ? I
    : Page extends { data: { servers: (infer I)[]; has_next: boolean } }
      ? I
      : never;

type PageOf<P extends PathOf<'GET'>> = Extract<Answer<OperationAt<'GET', P>>, { status: 200 }>['data'];

/** The paths whose `GET` answers page by page. */
export type PagedPath = { [P in PathOf<'GET'>]: ItemOf<PageOf<P>> extends never ? never : P }[PathOf<'GET'>];

/** Parameters that choose the page; the iterator sets them, after those of the first page. */
type Position = { next_cursor?: string; cursor?: string; page?: number };

/** An answer that is an error, where it is thrown. */
export class GatehouseError extends Error {
  override readonly name = 'GatehouseError';
  /** The HTTP status. */
  readonly status: number;
  /** The body, in the form of its API. */
  readonly error: unknown;
  readonly response: Response;

  constructor(path: string, error: unknown, response: Response) {
    super(`GET ${path}: status ${response.status}: ${typeof error === 'string' ? error : JSON.stringify(error)}`);
    this.status = response.status;
    this.error = error;
    this.response = response;
  }
}

/**
 * Reads a list to its end, page after page, and yields its objects. It asks for a page when the loop needs it. Lists with
 * a cursor yield each object once; servers have page numbers, so one that is deleted meanwhile can hide another. Throws
 * GatehouseError for an answer that is an error, and an Error for a list that does not advance, as that of a mock.
 *
 * @example
 * ```ts
 * import { createClient, paginate } from 'mcp-gatehouse-client';
 *
 * const gatehouse = createClient({ baseUrl: 'https://gatehouse.example.com', apiToken: process.env.GATEHOUSE_API_TOKEN });
 * for await (const account of paginate(gatehouse, '/integrated-account', { params: { query: { status: 'active' } } })) {
 *   console.log(account.id, account.integration.name);
 * }
 * ```
 */
export async function* paginate<P extends PagedPath>(
  client: GatehouseClient,
  path: P,
  init?: CallInit<'GET', P>,
): AsyncGenerator<ItemOf<PageOf<P>>, void, undefined> {
  const get = client.GET as (
    path: string,
    init: object,
  ) => Promise<{ data?: Page; error?: unknown; response: Response }>;
  const { params } = (init ?? {}) as { params?: { query?: object } };
  let position: Position | null = {};
  while (position !== null) {
    const query = { ...params?.query, ...position };
    const { data, error, response } = await get(path, { ...init, params: { ...params, query } });
    if (data === undefined) {
      throw new GatehouseError(path, error, response);
    }
    const { items, next } = readPage(data);
    yield* items as ItemOf<PageOf<P>>[];
    if (next !== null && JSON.stringify(next) === JSON.stringify(position)) {
      throw new Error(`GET ${path} answers the same page again. Does a mock answer it?`);
    }
    position = next;
  }
}

type Page =
  | { result: unknown[]; next_cursor: string | null }
  | { data: unknown[]; nextCursor: string | null }
  | { data: { servers: unknown[]; page: number; has_next: boolean } };

/** The objects of a page, and where the next one is; null after the last. */
function readPage(body: Page): { items: unknown[]; next: Position | null } {
  if ('result' in body) {
    return { items: body.result, next: body.next_cursor === null ? null : { next_cursor: body.next_cursor } };
  }
  if ('nextCursor' in body) {
    return { items: body.data, next: body.nextCursor === null ? null : { cursor: body.nextCursor } };
  }
  const { servers, page, has_next } = body.data;
  return { items: servers, next: has_next ? { page: page + 1 } : null };
}
