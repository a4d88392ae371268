import { forbidden } from './errors.ts';

/** Who makes a request, as the credentials that were checked say. */
export type Caller = Operator | KeyPairCaller | ApiTokenCaller;

/** The person who runs the process. */
export type Operator = { readonly kind: 'operator'; readonly id: null; readonly name: 'operator' };

/** Somebody who holds a key pair of an organization. */
export type KeyPairCaller = {
  readonly kind: 'key_pair';
  readonly id: string;
  readonly name: string;
  readonly organizationId: string;
  readonly permissions: readonly Permission[];
};

/** Somebody who holds an API token of an organization. */
export type ApiTokenCaller = {
  readonly kind: 'api_token';
  readonly id: string;
  readonly name: string;
  readonly organizationId: string;
  readonly permissions: readonly TokenPermission[];
};

/** What a key pair may do: configure servers, or decide what runs without a person. */
export type Permission = 'servers' | 'approvals';
/** What an API token may do: everything of the Accounts API, or decide what runs without a person. */
export type TokenPermission = 'accounts' | 'approvals';

export const OPERATOR: Operator = { kind: 'operator', id: null, name: 'operator' };

/** Whether a key pair or an API token may decide what runs without a person. */
export const mayApprove = ({ permissions }: Pick<KeyPairCaller | ApiTokenCaller, 'permissions'>): boolean =>
  (permissions as readonly string[]).includes('approvals');

/**
 * Throws `forbidden` when a key pair or an API token lacks the permission, saying what needs it where that is not plain; the
 * operator may do everything.
 */
export function requirePermission(caller: Caller, permission: Permission | TokenPermission, reason?: string): void {
  if (caller.kind !== 'operator' && !(caller.permissions as readonly string[]).includes(permission)) {
    const what = caller.kind === 'key_pair' ? 'key pair' : 'API token';
    const lacks = `This ${what} lacks the permission '${permission}'`;
    throw forbidden(reason === undefined ? `${lacks}.` : `${lacks}: ${reason}`);
  }
}
