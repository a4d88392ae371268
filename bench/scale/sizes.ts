/** How much a database of the bench holds. One organization owns all servers, and one of its accounts is deep. */
export type Size = {
  readonly servers: number;
  readonly endpoints: number;
  /** Of those endpoints, how many one account owns; the others are spread over all other accounts. */
  readonly deep: number;
  /** Accounts of the organization that owns the servers. */
  readonly accounts: number;
  /** Integrations of that organization. */
  readonly integrations: number;
  /** Organizations beside it, and accounts of each. */
  readonly others: number;
  readonly accountsOfEach: number;
  readonly auditEvents: number;
  readonly toolCalls: number;
};

/** What the store promises to bear. */
export const LARGE: Size = {
  servers: 100_000,
  endpoints: 1_000_000,
  deep: 100_000,
  accounts: 10_000,
  integrations: 1000,
  others: 100,
  accountsOfEach: 100,
  auditEvents: 1_000_000,
  toolCalls: 1_000_000,
};

/** What it is compared with. */
export const SMALL: Size = {
  servers: 1000,
  endpoints: 1000,
  deep: 500,
  accounts: 100,
  integrations: 50,
  others: 1,
  accountsOfEach: 100,
  auditEvents: 1000,
  toolCalls: 1000,
};
