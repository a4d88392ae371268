/** Who makes a request, as the credentials that were checked say. */
export type Caller = Operator | KeyPairCaller;

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

/** What a key pair may do: configure servers, or decide what runs without a person. */
export type Permission = 'servers' | 'approvals';

export const OPERATOR: Operator = { kind: 'operator', id: null, name: 'operator' };
