import { promises as dns, type LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { LRUCache } from 'lru-cache';
import { createFairLimiter, QueueFull } from '../base/fair-queue.ts';
import type { Limits } from '../base/limits.ts';
import type { Resolve } from './connector.ts';
import { readNameFiles } from './name-files.ts';

/** Look-ups of one organization under way, and those that wait for one of these to end. */
const MAX_CURRENT_LOOKUPS = 8;
const MAX_WAITING_LOOKUPS = 64;
/** Look-ups of all organizations under way. */
const MAX_TOTAL_LOOKUPS = 1024;
const MAX_TRIES = 2;
/** With several name servers each gets its tries: a look-up never takes longer than this many time-outs. */
const MAX_TIMEOUTS = 3;
const MAX_CACHED_NAMES = 10_000;

/** The time limits of the resolver, and its name servers. */
export type ResolverOptions = Pick<Limits, 'dnsTimeoutMs' | 'dnsCacheMs' | 'dnsFailureCacheMs'> & {
  /** `address:port` of name servers; the default is the machine's name servers. */
  readonly servers?: readonly string[];
};

type Found = { readonly addresses: readonly LookupAddress[] } | { readonly failure: Error };

/**
 * Resolves the names in URLs of organizations: with the hosts file, then with the machine's name servers and its search
 * domains. The look-ups use no thread of the process, end in time, and have a share for each organization, so that the
 * silent names of one organization do not block another. Results are cached for all organizations, for 30 s; failures
 * for 5 s. Other sources of the operating system, such as mDNS, are not used. The returned function gives the resolver
 * of an organization, which rejects with a code of `node:dns`, or TOO_MANY_LOOKUPS.
 */
export function createResolver(options: ResolverOptions): (organizationId: string) => Resolve {
  const { dnsTimeoutMs, dnsCacheMs, dnsFailureCacheMs, servers } = options;
  const kept = new LRUCache<string, Found>({ max: MAX_CACHED_NAMES });
  const slots = createFairLimiter({
    slots: MAX_TOTAL_LOOKUPS,
    slotsPerOwner: MAX_CURRENT_LOOKUPS,
    mostWaiting: MAX_WAITING_LOOKUPS,
  });
  let text: string | undefined;
  let resolver = newResolver();

  function newResolver(): dns.Resolver {
    const made = new dns.Resolver({ timeout: dnsTimeoutMs, tries: MAX_TRIES, maxTimeout: dnsTimeoutMs });
    if (servers !== undefined) {
      made.setServers(servers);
    }
    return made;
  }

  const lookUp = async (name: string): Promise<readonly LookupAddress[]> => {
    const files = readNameFiles();
    // A resolver keeps the name servers that the machine had when it was made.
    if (text !== undefined && text !== files.text) {
      resolver = newResolver();
    }
    text = files.text;
    let failure: unknown;
    for (const candidate of files.candidates(name)) {
      const own = files.addressesOf(candidate);
      if (own.length > 0) {
        return own;
      }
      try {
        return await query(resolver, candidate);
      } catch (error) {
        failure ??= error;
        if (!isAbsence(error)) {
          break;
        }
      }
    }
    throw failure;
  };

  const findAnew = async (organizationId: string, name: string): Promise<Found> => {
    const found = await slots
      .run(organizationId, () => within(lookUp(name), name, dnsTimeoutMs * MAX_TIMEOUTS))
      .then(
        (addresses): Found => ({ addresses }),
        (error: Error): Found => ({ failure: error instanceof QueueFull ? tooManyLookUps() : error }),
      );
    const isOwnFault = 'failure' in found && (found.failure as NodeJS.ErrnoException).code === TOO_MANY;
    if (!isOwnFault) {
      kept.set(name, found, { ttl: 'addresses' in found ? dnsCacheMs : dnsFailureCacheMs });
    }
    return found;
  };

  return (organizationId) => async (name) => {
    const found = kept.get(name) ?? (await findAnew(organizationId, name));
    if ('failure' in found) {
      throw found.failure;
    }
    return found.addresses;
  };
}

const TOO_MANY = 'TOO_MANY_LOOKUPS';

const tooManyLookUps = (): Error =>
  Object.assign(new Error(`${MAX_WAITING_LOOKUPS} names of this organization wait to be resolved already`), {
    code: TOO_MANY,
  });

/** The name does not exist, or has no address: another form of it may. */
const isAbsence = (error: unknown): boolean =>
  ['ENOTFOUND', 'ENODATA'].includes((error as { code?: string }).code ?? '');

/** The addresses of a complete name, of the families that this machine can reach. Rejects with the error of `node:dns`. */
async function query(resolver: dns.Resolver, name: string): Promise<readonly LookupAddress[]> {
  const families = familiesOfMachine();
  const answers = await Promise.allSettled(
    families.map((family) => (family === 6 ? resolver.resolve6(name) : resolver.resolve4(name))),
  );
  const found = answers.flatMap((answer, index) =>
    answer.status === 'fulfilled'
      ? answer.value.map((address) => ({ address, family: families[index] as number }))
      : [],
  );
  if (found.length === 0) {
    const failures = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
    throw failures.find((reason) => !isAbsence(reason)) ?? failures[0];
  }
  return found;
}

/** The families of addresses other than loopback that this machine has, IPv6 first (RFC 6724); both where it has none. */
function familiesOfMachine(): (4 | 6)[] {
  const outward = Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).filter(({ internal }) => !internal),
  );
  const families = ([6, 4] as const).filter((family) => outward.some(({ address }) => isIP(address) === family));
  return families.length === 0 ? [6, 4] : families;
}

async function within<T>(work: Promise<T>, name: string, milliseconds: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(Object.assign(new Error(`${name} was not resolved in time`), { code: 'ETIMEOUT' }));
  }, milliseconds);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
