import { closeSync, readdirSync, readFileSync } from 'node:fs';

/** The value of O_CLOEXEC on Linux. */
const CLOSE_ON_EXEC_CODE = 0o2000000;

/**
 * Closes the inherited file descriptors other than standard input, output and error, such as a file with a secret
 * that a shell had open: local processes would inherit them. Node opens its own descriptors with close-on-exec, which
 * distinguishes them; Node marks inherited ones only up to the first gap above 15. Closes nothing without /proc.
 */
export function closeInherited(): void {
  for (const name of listed('/proc/self/fd')) {
    if (Number(name) > 2 && isInherited(name)) {
      closeSync(Number(name));
    }
  }
}

function listed(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** The descriptor of the listing itself is in the list, and no longer open. */
function isInherited(descriptor: string): boolean {
  try {
    const [, flags = ''] = /^flags:\s+([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8')) ?? [];
    return (Number.parseInt(flags, 8) & CLOSE_ON_EXEC_CODE) === 0;
  } catch {
    return false;
  }
}
