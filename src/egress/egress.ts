import { promises as dns } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { buildConnector as Build, Dispatcher } from 'undici';
import buildConnector from 'undici/lib/core/connect.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import { createFairSlots } from '../base/fair-queue.ts';
import { compileAllowed } from './allow.ts';
import { createConnector, type Resolve, systemResolve } from './connector.ts';
import { createFetchDocument, type FetchedDocument, type FetchLimits } from './fetch-document.ts';
import type { OwnEndpoint } from './own.ts';
import { paced } from './pace.ts';
import { createPolicy } from './policy.ts';
import { createResolver, type ResolverOptions } from './resolver.ts';

export { parseEgressAllow } from './allow.ts';
export type { Resolve } from './connector.ts';
export { type FetchedDocument, FetchFailed, type FetchLimits } from './fetch-document.ts';
export type { OwnEndpoint } from './own.ts';
export { EgressRefused } from './refused.ts';

export type EgressOptions = {
  /** What `parseEgressAllow` returned. */
  readonly allow: readonly string[];
  /** Asked at every connection: the port may be known only when the server listens. */
  readonly own: () => readonly OwnEndpoint[];
  /** The resolver of the operating system unless given. */
  readonly resolve?: Resolve;
  /** See `Egress`. */
  readonly owner?: string;
};

/**
 * The way out for every URL that an organization gives. Connections go to global unicast addresses and to what the
 * operator allows, never to the gateway itself, and are decided at the address that is connected to.
 */
export type Egress = {
  /** Whose way out it is: the answers of one owner take turns with those of others. */
  readonly owner: string;
  /**
   * Sends requests under the policy; they fail with `EgressRefused` (with undici's `fetch`, as the `cause`). It must be
   * closed. It follows no redirects; where `fetch` does, each hop is decided anew, but headers that `fetch` does not
   * know as credentials would go along: use `redirect: 'manual'`.
   */
  readonly dispatcher: Dispatcher;
  /** Opens one connection under the policy, for dispatchers and clients of another make. */
  readonly connector: Build.connector;
  /**
   * Throws `EgressRefused` for what can be told without the network: the scheme (http, https, ws, wss), credentials in
   * the URL, literal addresses, names of this machine and of metadata services. What passes may still be refused when
   * its name is resolved.
   */
  readonly check: (url: URL) => void;
  /**
   * GETs a document over http or https. At most 5 redirects are followed, each under the policy, none from https to
   * http. Throws `EgressRefused`, `FetchFailed` (unreachable, no 2xx, too large, too late), or the reason of the signal.
   */
  readonly fetchDocument: (url: URL, limits: FetchLimits) => Promise<FetchedDocument>;
};

/** The way out of each organization. No two share a connection, or wait for each other's names. */
export type OrganizationEgress = {
  readonly of: (organizationId: string) => Egress;
  /** Closes all of them; what is still asked for, by nobody who waits for it, fails. */
  readonly close: () => Promise<void>;
};

/** Makes the ways out of organizations, each when it is first used. */
export function createOrganizationEgress(
  options: Omit<EgressOptions, 'resolve'>,
  limits: ResolverOptions,
): OrganizationEgress {
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

/** A way out for what the operator configures. */
export type OpenEgress = Pick<Egress, 'dispatcher' | 'connector' | 'owner'>;

/** The ways out for what the operator configures: one of the operator's own, and one for each organization that uses it. */
export type OpenEgresses = {
  /** That of an organization; with null that of the operator. No two share a connection. */
  readonly of: (organizationId: string | null) => OpenEgress;
  readonly close: () => Promise<void>;
};

/** Makes the ways out for what the operator configures, each when it is first used: anywhere, by the resolver of the system. */
export function createOpenEgresses(): OpenEgresses {
  const slots = createFairSlots({
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
  const byOwner = new Map<string, OpenEgress>();
  return {
    of: (organizationId) => {
      const owner = organizationId ?? OPERATOR;
      const known = byOwner.get(owner);
      const egress = known ?? { connector, dispatcher: new Agent({ connect: paced(connector, owner) }), owner };
      byOwner.set(owner, egress);
      return egress;
    },
    close: async () => {
      await Promise.all([...byOwner.values()].map(({ dispatcher }) => dispatcher.destroy()));
    },
  };
}

/** Makes the way out. Throws an `Error` for an entry of `allow` that `parseEgressAllow` would not return. */
export function createEgress({ allow, own, resolve = systemResolve, owner = '' }: EgressOptions): Egress {
  const policy = createPolicy(compileAllowed(allow), own);
  const connector = createConnector(policy, resolve);
  const dispatcher = new Agent({ connect: paced(connector, owner) });
  return {
    owner,
    dispatcher,
    connector,
    check: policy.url,
    fetchDocument: createFetchDocument(policy, { dispatcher, owner }),
  };
}
