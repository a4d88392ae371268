import { promises as dns } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { buildConnector as Build, Dispatcher } from 'undici';
import { createFairLimiter } from '../base/fair-queue.ts';
import { Agent, buildConnector } from '../base/fast/undici.ts';
import { compileAllowed } from './allow.ts';
import { createConnector, type Resolve, systemResolve } from './connector.ts';
import { createFetchDocument, type FetchedDocument, type FetchLimits } from './fetch-document.ts';
import type { OwnEndpoint } from './own-endpoints.ts';
import { paceConnector } from './pace-connector.ts';
import { createPolicy } from './policy.ts';
import { createResolver, type ResolverOptions } from './resolver.ts';

export { parseEgressAllow } from './allow.ts';
export type { Resolve } from './connector.ts';
export { EgressRefused } from './egress-refused.ts';
export { type FetchedDocument, FetchFailed, type FetchLimits } from './fetch-document.ts';
export type { OwnEndpoint } from './own-endpoints.ts';

/** The policy, the resolver and the owner of an outbound access. */
export type EgressOptions = {
  /** The result of `parseEgressAllow`. */
  readonly allow: readonly string[];
  /** Called for every connection: the port may be unknown until the server listens. */
  readonly own: () => readonly OwnEndpoint[];
  /** The default is the resolver of the operating system. */
  readonly resolve?: Resolve;
  /** See `Egress`. */
  readonly owner?: string;
};

/**
 * The outbound access for all URLs of an organization. Connections go to global unicast addresses and to destinations
 * that the operator allows, never to the gateway itself. The address of the connection decides.
 */
export type Egress = {
  /** The owner: answers of different owners take turns. */
  readonly owner: string;
  /**
   * Sends requests under the policy; they fail with `EgressRefused` (with undici's `fetch`, as the `cause`). It must be
   * closed. It follows no redirects. If `fetch` follows one, the policy checks each hop, but `fetch` forwards headers
   * that it does not know as credentials: use `redirect: 'manual'`.
   */
  readonly dispatcher: Dispatcher;
  /** Opens one connection under the policy, for other dispatchers and clients. */
  readonly connector: Build.connector;
  /**
   * Throws `EgressRefused` for violations that are visible without the network: the scheme (http, https, ws, wss),
   * credentials in the URL, literal addresses, names of this machine and of metadata services. The resolution of the
   * name may still refuse a URL that passes.
   */
  readonly check: (url: URL) => void;
  /**
   * GETs a document over http or https. At most 5 redirects are followed, each under the policy, none from https to
   * http. Throws `EgressRefused`, `FetchFailed` (unreachable, no 2xx, too large, too late), or the reason of the signal.
   */
  readonly fetchDocument: (url: URL, limits: FetchLimits) => Promise<FetchedDocument>;
};

/**
 * The outbound access of each organization. Organizations share no connection, and never wait for each other's
 * look-ups.
 */
export type OrganizationEgresses = {
  readonly of: (organizationId: string) => Egress;
  /** Closes all of them. Pending requests fail; nothing waits for them any more. */
  readonly close: () => Promise<void>;
};

/** Creates the outbound access of organizations, each on first use. */
export function createOrganizationEgresses(
  options: Omit<EgressOptions, 'resolve'>,
  limits: ResolverOptions,
): OrganizationEgresses {
  const resolverOf = createResolver(limits);
  const byOrganization = new Map<string, Egress>();
  return {
    of: (organizationId) => {
      let egress = byOrganization.get(organizationId);
      if (egress === undefined) {
        egress = createEgress({ ...options, resolve: resolverOf(organizationId), owner: organizationId });
        byOrganization.set(organizationId, egress);
      }
      return egress;
    },
    close: async () => {
      await Promise.all([...byOrganization.values()].map(({ dispatcher }) => dispatcher.destroy()));
    },
  };
}

/** Names of the operator's servers that are resolved at once. The threads that do it have other work as well. */
const MAX_SYSTEM_LOOKUPS = 4;
const OPERATOR = 'operator';

/** The outbound access for servers that the operator configures. */
export type OperatorEgress = Pick<Egress, 'dispatcher' | 'connector' | 'owner'>;

/**
 * The outbound access for servers that the operator configures: one for the operator, and one for each organization
 * that uses them.
 */
export type OperatorEgresses = {
  /** Returns the access of an organization, or of the operator for null. They share no connection. */
  readonly of: (organizationId: string | null) => OperatorEgress;
  readonly close: () => Promise<void>;
};

/**
 * Creates the outbound access for servers that the operator configures, each on first use: to any address, with the
 * resolver of the system.
 */
export function createOperatorEgresses(): OperatorEgresses {
  const slots = createFairLimiter({
    slots: MAX_SYSTEM_LOOKUPS,
    slotsPerOwner: MAX_SYSTEM_LOOKUPS,
    mostWaiting: Number.POSITIVE_INFINITY,
  });
  const lookup: LookupFunction = (name, options, done) => {
    slots
      .run(OPERATOR, () => dns.lookup(name, { ...options, all: true }))
      .then(
        (found) => (options.all ? done(null, found) : done(null, found[0]?.address ?? '', found[0]?.family)),
        (error) => done(error, []),
      );
  };
  const connector = buildConnector({ allowH2: false, lookup });
  const byOwner = new Map<string, OperatorEgress>();
  return {
    of: (organizationId) => {
      const owner = organizationId ?? OPERATOR;
      const known = byOwner.get(owner);
      const egress = known ?? { connector, dispatcher: new Agent({ connect: paceConnector(connector, owner) }), owner };
      byOwner.set(owner, egress);
      return egress;
    },
    close: async () => {
      await Promise.all([...byOwner.values()].map(({ dispatcher }) => dispatcher.destroy()));
    },
  };
}

/** Creates the outbound access. Throws an `Error` for an entry of `allow` that `parseEgressAllow` would not return. */
export function createEgress({ allow, own, resolve = systemResolve, owner = '' }: EgressOptions): Egress {
  const policy = createPolicy(compileAllowed(allow), own);
  const connector = createConnector(policy, resolve);
  const dispatcher = new Agent({ connect: paceConnector(connector, owner) });
  return {
    owner,
    dispatcher,
    connector,
    check: policy.url,
    fetchDocument: createFetchDocument(policy, { dispatcher, owner }),
  };
}
