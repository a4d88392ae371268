import { closeSync, readdirSync, readFileSync } from 'node:fs';

/** O_CLOEXEC, as Linux writes it. */
const CLOSE_ON_EXEC_CODE = 0o2000000;

/**
 * Closes what this process was started with beside its standard descriptors, such as a file with a secret that a shell had open:
 * local processes would inherit it. What Node opens is closed on exec, and so it is told apart; Node marks what it
 * inherits only up to the first gap above 15. Where there is no /proc, nothing is closed.
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

/** The descriptor that the list was read through is among those of the list, and not there any more. */
function isInherited(descriptor: string): boolean {
  try {
    const [, flags = ''] = /^flags:\s+([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8')) ?? [];
    return (Number.parseInt(flags, 8) & CLOSE_ON_EXEC_CODE) === 0;
  } catch {
    return false;
  }
}
