const LOOK_MS = 500;

/**
 * Ends this process as SIGTERM does when the npm that runs it has ended: npm passes signals on to its shell only, and some
 * shells (dash) do not pass them on to the program. Without npm it does nothing.
 */
export function endWithNpm(env: Readonly<Record<string, string | undefined>> = process.env): void {
  if (env.npm_lifecycle_event === undefined) {
    return;
  }
  const parent = process.ppid;
  const looking = setInterval(() => {
    if (process.ppid !== parent) {
      clearInterval(looking);
      process.kill(process.pid, 'SIGTERM');
    }
  }, LOOK_MS).unref();
}
