import { type MemberCaller, OPERATOR, type Session, type SessionCaller } from '../base/caller.ts';
import { hashSecret } from '../base/ids.ts';
import { purgeInSlices } from '../store/purge.ts';
import * as sessions from '../store/sessions.ts';
import type { Store } from '../store/store.ts';

/** Milliseconds for which a session lasts at most, and without a request. */
export const SESSION_MS = 12 * 60 * 60_000;
const IDLE_MS = 60 * 60_000;
/** Milliseconds after which another process has certainly stored when a session was last used. */
const UNSAVED_MS = 5 * 60_000;

/** The sessions of a store. */
export type Sessions = {
  /** Returns the session with that token while it lasts. Unless `isUse`, this does not count as a request of the person. */
  readonly find: (token: string, isUse: boolean) => Promise<Session | undefined>;
  /** Stores when sessions were last used; called periodically, outside of requests. */
  readonly saveLastUsed: () => Promise<void>;
};

/** Creates the sessions of a store. A session of the operator ends when the operator token is another. */
export function createSessions(
  store: Store,
  { now, operatorTokenHash }: { readonly now: () => number; readonly operatorTokenHash: string | null },
): Sessions {
  /** Kept until they are stored: a session must not seem idle in between. */
  const uses = new Map<string, number>();
  return {
    find: async (token, isUse) => {
      const stored = await sessions.findByHash(store.read, hashSecret(token));
      const at = now();
      if (stored === null || stored.expiresAt <= at) {
        return undefined;
      }
      const { id, subject, name, organization, keyPair, apiToken } = stored;
      const isIdle = Math.max(stored.lastUsedAt, uses.get(id) ?? 0) + IDLE_MS <= at;
      const hasToken = stored.operatorTokenHash !== null;
      const isOutdated = hasToken && operatorTokenHash !== null && stored.operatorTokenHash !== operatorTokenHash;
      if (isIdle || isOutdated) {
        return undefined;
      }
      if (isUse) {
        uses.set(id, at);
      }
      const person = { subject, name };
      const organizationId = organization?.id ?? '';
      const member = memberIn(stored);
      const isOperator = hasToken || stored.members.some(({ permissions }) => permissions.includes('operator'));
      return {
        id,
        person,
        organization,
        keyPair: keyPair === null ? member : { kind: 'key_pair', ...keyPair, organizationId, person },
        apiToken: apiToken === null ? member : { kind: 'api_token', ...apiToken, organizationId, person },
        operator: isOperator ? { ...OPERATOR, person } : null,
        expiresAt: stored.expiresAt,
      };
    },
    saveLastUsed: async () => {
      const taken = [...uses].map(([id, at]) => ({ id, at }));
      if (taken.length > 0) {
        await store.write((db) => sessions.touchLastUsed(db, taken));
        for (const { id } of taken.filter((use) => uses.get(use.id) === use.at)) {
          uses.delete(id);
        }
      }
    },
  };
}

/** The prefix of the subjects of members. */
export const MEMBER = 'member:';

/** Returns a person as a member of the organization of the session, with the permissions of all its memberships; null for no member of one. */
function memberIn({ members, organization, subject, name }: sessions.StoredSession): MemberCaller | null {
  if (organization === null || members.length === 0) {
    return null;
  }
  const permissions = new Set(members.flatMap((member) => member.permissions));
  return {
    kind: 'member',
    id: subject.slice(MEMBER.length),
    name,
    organizationId: organization.id,
    permissions: [...permissions].filter((permission) => permission !== 'operator'),
    person: { subject, name },
  };
}

/** Deletes the sessions that have ended by themselves. `now` is in milliseconds since the epoch. */
export async function purgeSessions(store: Store, now: number): Promise<void> {
  await purgeInSlices(store, (db) => sessions.purge(db, now, now - IDLE_MS - UNSAVED_MS));
}

/** Returns a person as the sender of a request about the session itself. */
export const callerOf = (session: Session): SessionCaller => ({
  kind: 'session',
  id: session.person.subject,
  name: session.person.name,
  organizationId: session.organization?.id ?? null,
  session,
});
