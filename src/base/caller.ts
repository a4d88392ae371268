import { forbidden } from './errors.ts';

/** The authenticated sender of a request. */
export type Caller = Operator | KeyPairCaller | ApiTokenCaller;

/** The person who runs the process. */
export type Operator = { readonly kind: 'operator'; readonly id: null; readonly name: 'operator' };

/** The holder of a key pair of an organization. */
export type KeyPairCaller = {
  readonly kind: 'key_pair';
  readonly id: string;
  readonly name: string;
  readonly organizationId: string;
  readonly permissions: readonly Permission[];
};

/** The holder of an API token of an organization. */
export type ApiTokenCaller = {
  readonly kind: 'api_token';
  readonly id: string;
  readonly name: string;
  readonly organizationId: string;
  readonly permissions: readonly TokenPermission[];
};

/** A permission of a key pair: configure servers, or decide which calls run without approval. */
export type Permission = 'servers' | 'approvals';
/** A permission of an API token: use the Accounts API, or decide which calls run without approval. */
export type TokenPermission = 'accounts' | 'approvals';

/** The operator as the caller. */
export const OPERATOR: Operator = { kind: 'operator', id: null, name: 'operator' };

/** Whether a key pair or an API token may decide which calls run without approval. */
export const mayApprove = ({ permissions }: Pick<KeyPairCaller | ApiTokenCaller, 'permissions'>): boolean =>
  (permissions as readonly string[]).includes('approvals');

/**
 * Throws `forbidden` if a key pair or an API token lacks the permission. `reason` explains the need if it is not
 * obvious. The operator has every permission.
 */
export function requirePermission(caller: Caller, permission: Permission | TokenPermission, reason?: string): void {
  if (caller.kind !== 'operator' && !(caller.permissions as readonly string[]).includes(permission)) {
    const what = caller.kind === 'key_pair' ? 'key pair' : 'API token';
    const lacks = `This ${what} lacks the permission '${permission}'`;
    throw forbidden(reason === undefined ? `${lacks}.` : `${lacks}: ${reason}`);
  }
}
