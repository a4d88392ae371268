import { DAY_MS } from '../base/instants.ts';
import type { Deps } from '../deps.ts';
import * as requests from '../store/approval-requests.ts';
import * as callDays from '../store/call-days.ts';
import * as expiring from '../store/expiring.ts';
import * as serverHealth from '../store/server-health.ts';
import * as servers from '../store/servers.ts';
import { timeOf } from '../store/time.ts';

/** What expires within so many days needs somebody. */
const EXPIRING_DAYS = 7;
/** What expires is listed up to so many of a kind. */
const MAX_LISTED_THINGS = 100;

/** What a person should look at, and the tool calls of the last 30 days. */
export type Overview = {
  /** The number of calls that wait for a person. */
  readonly pendingRequests: number;
  /** The first to expire come first. */
  readonly endpoints: readonly expiring.ExpiringEndpoint[];
  readonly credentials: readonly expiring.ExpiringCredential[];
  /** One for each day, the oldest first; the last is today. */
  readonly calls: readonly callDays.CallDay[];
};

/** Returns the overview of an organization, or of all (null). */
export async function readOverview(
  { store: { read, slowRead }, now }: Pick<Deps, 'store' | 'now'>,
  organizationId: string | null,
): Promise<Overview> {
  const at = now();
  const period = { after: at, until: at + EXPIRING_DAYS * DAY_MS };
  const first = callDays.firstDay(at);
  const [pendingRequests, endpoints, credentials, counted] = await Promise.all([
    timeOf(read).then((time) => requests.count(read, organizationId, { status: 'pending' }, time)),
    expiring.endpoints(read, organizationId, period, MAX_LISTED_THINGS),
    expiring.credentials(read, organizationId, period, MAX_LISTED_THINGS),
    callDays.since(organizationId === null ? slowRead : read, organizationId, first),
  ]);
  const known = new Map(counted.map((one) => [one.day, one]));
  const calls = Array.from({ length: callDays.KEPT_DAYS }, (_, index) => {
    const day = first + index * DAY_MS;
    return known.get(day) ?? { day, calls: 0, failures: 0 };
  });
  return { pendingRequests, endpoints, credentials, calls };
}

/** The servers of an organization, by their health. */
export type ServersByHealth = {
  readonly connected: number;
  readonly unreachable: number;
  readonly unknown: number;
  /** Those that failed first come first. */
  readonly failing: readonly serverHealth.FailingServer[];
};

/** Returns the numbers of servers of an organization by their health, and those that cannot be used. */
export async function readServersByHealth(
  { store: { read } }: Pick<Deps, 'store'>,
  organizationId: string,
): Promise<ServersByHealth> {
  const [total, { used, failing: unreachable }, failing] = await Promise.all([
    servers.count(read, organizationId),
    serverHealth.count(read, organizationId),
    serverHealth.failing(read, organizationId, MAX_LISTED_THINGS),
  ]);
  // The three are not read at one instant.
  return { connected: used - unreachable, unreachable, unknown: Math.max(total - used, 0), failing };
}
