const LOOK_MS = 500;
/** Known before the start takes its time: npm may end meanwhile. */
const parentId = process.ppid;

/**
 * Ends this process as SIGTERM does when the npm that runs it has ended: npm passes signals on to its shell only, and some
 * shells (dash) do not pass them on to the program. Without npm it does nothing.
 */
export function endWithNpm(env: Readonly<Record<string, string | undefined>> = process.env): void {
  if (env.npm_lifecycle_event === undefined) {
    return;
  }
  const looking = setInterval(() => {
    if (process.ppid !== parentId) {
      clearInterval(looking);
      process.kill(process.pid, 'SIGTERM');
    }
  }, LOOK_MS).unref();
}
