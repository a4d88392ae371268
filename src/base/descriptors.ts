import { readdir, readFile } from 'node:fs/promises';

/**
 * How many file descriptors this process may have open (the soft limit of RLIMIT_NOFILE, which Node raises to the hard
 * one when it starts); null where the system does not say so in /proc.
 */
export async function descriptorLimit(): Promise<number | null> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  const [, soft] = /^Max open files\s+(\d+)/m.exec(limits) ?? [];
  return soft === undefined ? null : Number(soft);
}

/** How many file descriptors this process has open; null where the system does not say so in /proc. */
export async function openDescriptors(): Promise<number | null> {
  const names = await readdir('/proc/self/fd').catch(() => null);
  return names === null ? null : names.length;
}
