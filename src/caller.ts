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
};

/** What a key pair may do: configure servers, or decide what runs without a person. */
export type Permission = 'servers' | 'approvals';

export const OPERATOR: Operator = { kind: 'operator', id: null, name: 'operator' };

/** Throws `forbidden` when a key pair lacks the permission; the operator may do everything. */
export function requirePermission(caller: Caller, permission: Permission): void {
  if (caller.kind === 'key_pair' && !caller.permissions.includes(permission)) {
    throw forbidden(`This key pair lacks the permission '${permission}'.`);
  }
}
