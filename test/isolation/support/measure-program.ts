import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** What a process holds, as Linux tells it (proc(5)). */
export type Held = { readonly rssMebibytes: number; readonly sockets: number; readonly children: number };

/** Measures a process. */
export function measureProgram(pid: number): Held {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const descriptors = readdirSync(`/proc/${pid}/fd`).map((descriptor) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${descriptor}`);
    } catch {
      // It was closed meanwhile.
      return '';
    }
  });
  const tasks = readdirSync(`/proc/${pid}/task`).map((task) => {
    try {
      return readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8');
    } catch {
      return '';
    }
  });
  return {
    rssMebibytes: Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024,
    sockets: descriptors.filter((target) => target.startsWith('socket:')).length,
    children: tasks.join(' ').split(' ').filter(Boolean).length,
  };
}
