import { queryOptions, useSuspenseQuery } from '@tanstack/react-query';
import { client, queries, type Schemas, SESSION_KEY } from './api.ts';

/** A person who is signed in. */
export type Session = Schemas['Session'];
/** One of the things that a person may do. */
export type Permission = Session['permissions'][number];

/** The document asks for the header that every browser adds by itself; a page cannot change it. */
export const FROM_HERE = { header: { 'Sec-Fetch-Site': 'same-origin' } };

/** The person who is signed in; null without a session. */
export const sessionOptions = queryOptions({
  queryKey: SESSION_KEY,
  queryFn: async (): Promise<Session | null> =>
    (await client.GET('/console/session', { params: FROM_HERE })).data ?? null,
  staleTime: 60_000,
  refetchInterval: 60_000,
});

/** The person who is signed in, in pages that only such a person sees. */
export function useSession(): Session {
  const { data } = useSuspenseQuery(sessionOptions);
  return data ?? NOBODY;
}

/** Shown for the moment between the end of a session and the page where people sign in. */
const NOBODY: Session = { name: '', organization: null, permissions: [], expires_at: '' };

/** Whether a person may do one of some things. */
export const mayOneOf = (session: Session, permissions: readonly Permission[]): boolean =>
  permissions.some((permission) => session.permissions.includes(permission));

/** Ends the session in this browser. What was read with it is forgotten. */
export async function signOut(): Promise<void> {
  await client.DELETE('/console/session', { params: FROM_HERE });
  queries.clear();
  queries.setQueryData(SESSION_KEY, null);
}
