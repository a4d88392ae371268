import type { ServersCaller } from '../base/caller.ts';
import * as decisions from '../store/approval-decisions.ts';
import * as requests from '../store/approval-requests.ts';
import type { Store } from '../store/store.ts';
import { timeOf } from '../store/time.ts';
import type { DecidedRequest } from './approval-facts.ts';
import { noSuchRequest } from './decide-approval-request.ts';

type Reading = { readonly store: Pick<Store, 'read'> };

/** Returns one page of the requests of an organization, newest first, and their number on all pages. */
export async function listRequests(
  { store: { read } }: Reading,
  { organizationId }: ServersCaller,
  query: Parameters<typeof requests.page>[2],
): Promise<{ readonly found: readonly DecidedRequest[]; readonly total: number }> {
  const at = await timeOf(read);
  const found = await requests.page(read, organizationId, query, at);
  const made = await decisions.list(
    read,
    found.map(({ id }) => id),
  );
  const byRequest = Map.groupBy(made, ({ requestId }) => requestId);
  const { offset, limit, ...filter } = query;
  return {
    found: found.map((request) => ({ ...request, decisions: byRequest.get(request.id) ?? [] })),
    total: await requests.count(read, organizationId, filter, at),
  };
}

/**
 * Returns a request whole. Waits for `room` for its contents, in bytes, before it reads them. Throws `not_found`.
 */
export async function getRequest(
  { store: { read } }: Reading,
  { organizationId }: ServersCaller,
  id: string,
  room: (bytes: number) => Promise<unknown>,
): Promise<{ readonly request: DecidedRequest; readonly contents: requests.ApprovalContents }> {
  await room(await requests.contentBytes(read, organizationId, id));
  const request = await requests.find(read, organizationId, id, await timeOf(read));
  const contents = await requests.contents(read, organizationId, id);
  if (request === null || contents === null) {
    throw noSuchRequest(id, organizationId);
  }
  return { request: { ...request, decisions: await decisions.list(read, [id]) }, contents };
}
