import { auditedName } from '../audit/changes.ts';
import type { Session } from '../base/caller.ts';
import { ApiError, forbidden } from '../base/errors.ts';
import { hashSecret } from '../base/ids.ts';
import * as members from '../store/members.ts';
import type { Db } from '../store/store.ts';
import type { Claims } from './provider.ts';
import { MEMBER, SESSION_MS } from './sessions.ts';
import { type SignInDeps, storeSession } from './sign-in.ts';

/**
 * Makes a session for a person of the OpenID provider, with the permissions of all members that the person is, and returns it with
 * its token. Throws `forbidden` if the person is no member, and `mixed_organizations`.
 */
export async function signInMember(deps: SignInDeps, claims: Claims): Promise<{ session: Session; token: string }> {
  const { store, ids, now, credentials } = deps;
  const matching = await membersFor(store.read, claims);
  const [organizationId = null, ...others] = new Set(
    matching.flatMap((member) => (member.organizationId === null ? [] : [member.organizationId])),
  );
  if (others.length > 0) {
    throw new ApiError(
      'mixed_organizations',
      'You are a member of two organizations. Ask the operator to leave you one membership, or sign in with credentials.',
    );
  }
  const token = ids.session();
  const at = now();
  const session = {
    id: ids.uuid(),
    tokenHash: hashSecret(token),
    subject: `${MEMBER}${claims.sub}`,
    name: nameOf(claims),
    organizationId,
    keyPairId: null,
    apiTokenId: null,
    operatorTokenHash: null,
    memberIds: matching.map(({ id }) => id),
    expiresAt: at + SESSION_MS,
    createdAt: at,
  };
  const insert = async (db: Db) => {
    const still = await Promise.all(session.memberIds.map((id) => members.find(db, id)));
    if (still.includes(null)) {
      throw new ApiError('unauthorized', 'Your memberships have just changed. Sign in again.');
    }
    await storeSession(db, session);
  };
  await (organizationId === null ? store.write(insert) : store.writeFor(organizationId, insert));
  const made = await credentials.session(token, true);
  if (made === undefined) {
    throw new ApiError('unauthorized', 'Your memberships have just changed. Sign in again.');
  }
  return { session: made, token };
}

/** The members that a person is. Throws `forbidden` with the names of the claims where there are none. */
async function membersFor(db: Db, claims: Claims): Promise<members.Member[]> {
  const known = await members.listClaims(db);
  const found = await Promise.all(known.map((claim) => members.listByClaim(db, claim, valuesOf(claims[claim]))));
  const matching = found.flat();
  if (matching.length === 0) {
    const seen = Object.keys(claims).toSorted().join(', ');
    const unverified = 'email' in claims ? '' : ' An email that the provider has not verified does not count.';
    throw forbidden(
      `You are no member here. The provider says of you: ${seen}; members are known by: ${known.join(', ') || 'nothing yet'}.${unverified} Ask the operator.`,
    );
  }
  return matching;
}

const valuesOf = (claim: unknown): string[] =>
  [claim ?? []].flat().flatMap((value) => (['string', 'number', 'boolean'].includes(typeof value) ? [`${value}`] : []));

function nameOf({ name, preferred_username, email, sub }: Claims): string {
  const given = [name, preferred_username, email].find((text) => typeof text === 'string' && text.trim() !== '');
  return auditedName(String(given ?? sub));
}
