import { readFileSync } from 'node:fs';

/** Microseconds in a clock tick of `/proc`, which Linux counts in hundredths of a second on every machine. */
const TICK = 10_000;

/** MiB of a process: resident now (`VmRSS`), or at its peak (`VmHWM`). */
export function residentMebibytes(pid: number | undefined, what: 'VmRSS' | 'VmHWM' = 'VmRSS'): number {
  const kibibytes = new RegExp(`^${what}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kibibytes) / 1024;
}

/** Microseconds of processor time that a process has used, in its own code and in the system's. */
export function cpuMicroseconds(pid: number | undefined): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name before may hold spaces; counted from behind it, these are utime and stime (proc_pid_stat(5)).
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13);
  return (Number(user) + Number(system)) * TICK;
}
