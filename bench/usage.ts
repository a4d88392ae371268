import { readdirSync, readFileSync } from 'node:fs';

/** MiB of a process: resident now (`VmRSS`), or at its peak (`VmHWM`). */
export function residentMebibytes(pid: number | undefined, what: 'VmRSS' | 'VmHWM' = 'VmRSS'): number {
  const kibibytes = new RegExp(`^${what}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kibibytes) / 1024;
}

/**
 * Microseconds of processor time that the threads which a process has now have used, in its own code and in the system's:
 * to the nanosecond, where `/proc/…/stat` has hundredths of a second.
 */
export function cpuMicroseconds(pid: number | undefined): number {
  const tasks = `/proc/${pid}/task`;
  const nanoseconds = readdirSync(tasks).map((id) =>
    Number(readFileSync(`${tasks}/${id}/schedstat`, 'utf8').split(' ')[0]),
  );
  return nanoseconds.reduce((sum, each) => sum + each, 0) / 1000;
}
