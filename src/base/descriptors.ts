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

/** Returns the number of open file descriptors of this process; null if the system has no /proc. */
export async function countOpenDescriptors(): Promise<number | null> {
  const names = await readdir('/proc/self/fd').catch(() => null);
  return names === null ? null : names.length;
}
