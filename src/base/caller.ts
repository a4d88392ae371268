import { forbidden } from './errors.ts';

/** The authenticated sender of a request. */
export type Caller = Operator | KeyPairCaller | ApiTokenCaller | MemberCaller | SessionCaller;

/** Whoever may use the Servers API for an organization. */
export type ServersCaller = KeyPairCaller | MemberCaller;

/** Whoever may use the Accounts API for an organization. */
export type AccountsCaller = ApiTokenCaller | MemberCaller;

/** The person who runs the process. */
export type Operator = {
  readonly kind: 'operator';
  readonly id: null;
  readonly name: 'operator';
  readonly person?: Person;
};

/** The person who uses credentials through a session. A program that sends credentials itself is no person. */
export type Person = {
  /** The kind and the id of the credentials that name the person; `member:` and the subject at the OpenID provider. */
  readonly subject: string;
  readonly name: string;
};

/** The holder of a key pair of an organization. */
export type KeyPairCaller = {
  readonly kind: 'key_pair';
  readonly id: string;
  readonly name: string;
  readonly organizationId: string;
  readonly permissions: readonly Permission[];
  readonly person?: Person;
};

/** The holder of an API token of an organization. */
export type ApiTokenCaller = {
  readonly kind: 'api_token';
  readonly id: string;
  readonly name: string;
  readonly organizationId: string;
  readonly permissions: readonly TokenPermission[];
  readonly person?: Person;
};

/** A person who is a member of an organization, and has signed in with the OpenID provider. */
export type MemberCaller = {
  readonly kind: 'member';
  /** The subject at the provider. */
  readonly id: string;
  readonly name: string;
  readonly organizationId: string;
  readonly permissions: readonly (Permission | TokenPermission)[];
  readonly person: Person;
};

/** A person who is signed in, with each of the credentials that the person has signed in with. */
export type Session = {
  readonly id: string;
  readonly person: Person;
  readonly organization: { readonly id: string; readonly name: string } | null;
  readonly keyPair: ServersCaller | null;
  readonly apiToken: AccountsCaller | null;
  readonly operator: Operator | null;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
};

/** A person as the sender of a request about the session itself. */
export type SessionCaller = {
  readonly kind: 'session';
  /** The subject of the person. */
  readonly id: string;
  readonly name: string;
  readonly organizationId: string | null;
  readonly session: Session;
};

/** A permission of a key pair: configure servers, or decide which calls run without approval. */
export type Permission = 'servers' | 'approvals';
/** A permission of an API token: use the Accounts API, or decide which calls run without approval. */
export type TokenPermission = 'accounts' | 'approvals';

/** The operator as the caller. */
export const OPERATOR: Operator = { kind: 'operator', id: null, name: 'operator' };

/** Whether a key pair or an API token may decide which calls run without approval. */
export const mayApprove = ({ permissions }: Pick<ServersCaller | AccountsCaller, 'permissions'>): boolean =>
  (permissions as readonly string[]).includes('approvals');

/**
 * Throws `forbidden` if a key pair or an API token lacks the permission. `reason` explains the need if it is not
 * obvious. The operator has every permission.
 */
export function requirePermission(caller: Caller, permission: Permission | TokenPermission, reason?: string): void {
  if ('permissions' in caller && !(caller.permissions as readonly string[]).includes(permission)) {
    const what = { key_pair: 'key pair', api_token: 'API token', member: 'membership' }[caller.kind];
    const subject = caller.person === undefined ? `This ${what}` : `The ${what} of your session`;
    const lacks = `${subject} lacks the permission '${permission}'`;
    throw forbidden(reason === undefined ? `${lacks}.` : `${lacks}: ${reason}`);
  }
}
