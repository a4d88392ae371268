import { readdir, readFile } from 'node:fs/promises';

/**
 * Returns the maximum number of open file descriptors of this process (the soft limit of RLIMIT_NOFILE, which Node
 * raises to the hard limit at start); null if the system has no /proc.
 */
export async function readDescriptorLimit(): Promise<number | null> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  const [, soft] = /^Max open files\s+(\d+)/m.exec(limits) ?? [];
  return soft === undefined ? null : Number(soft);
}

/** The part of the descriptors that one organization may use for one kind of requests. */
const SHARES = 8;

/** Returns `most`, or less if that many descriptors were more than the share of one organization. */
export const withinDescriptors = (most: number, limit: number | null): number =>
  limit === null ? most : Math.min(most, Math.max(1, Math.floor(limit / SHARES)));

/** Returns the number of open file descriptors of this process; null if the system has no /proc. */
export async function countOpenDescriptors(): Promise<number | null> {
  const names = await readdir('/proc/self/fd').catch(() => null);
  return names === null ? null : names.length;
}
