import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { ConfigError, type ProcessUser } from '../config.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws ConfigError unless this process may start processes as the user. */
export function requireStdioUser(user: ProcessUser | null): void {
  const code = user && (spawnSync(process.execPath, ['--version'], { ...user }).error as NodeJS.ErrnoException)?.code;
  // Another code, such as EACCES, only means that the user may not run this program, which is not necessary.
  if (code === 'EPERM') {
    throw new ConfigError(
      'GATEHOUSE_STDIO_USER: this process may not start processes as another user. Start the gateway as root, or with ' +
        'the capabilities CAP_SETUID, CAP_SETGID and CAP_KILL.',
    );
  }
}

/** Returns the environment for a user: HOME, USER and LOGNAME are those of the user, or absent if it has none. */
export function environmentOfUser(environment: Environment, user: ProcessUser | null): Environment {
  if (user === null) {
    return environment;
  }
  const { HOME, USER, LOGNAME, ...rest } = environment;
  const { name, home } = accountOf(user) ?? {};
  return { ...rest, ...(name && { USER: name, LOGNAME: name }), ...(home && { HOME: home }) };
}

/** Finds a user in the user database of this machine (passwd(5)); undefined if it is not there. */
function accountOf({ uid }: ProcessUser): { name: string | undefined; home: string | undefined } | undefined {
  let lines: string[];
  try {
    lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  } catch {
    return undefined;
  }
  const [name, , , , , home] = lines.map((line) => line.split(':')).find((fields) => fields[2] === String(uid)) ?? [];
  return { name, home };
}
