import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { ConfigError, type ProcessUser } from '../config.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Checks that this process may start processes as the user. Throws ConfigError. */
export function requireStdioUser(user: ProcessUser | null): void {
  const code = user && (spawnSync(process.execPath, ['--version'], { ...user }).error as NodeJS.ErrnoException)?.code;
  // Another code, such as EACCES, says that the user may not run this very program, which it need not.
  if (code === 'EPERM') {
    throw new ConfigError(
      'GATEHOUSE_STDIO_USER: this process may not start processes as another user. Start the gateway as root, or with ' +
        'the capabilities CAP_SETUID, CAP_SETGID and CAP_KILL.',
    );
  }
}

/** An environment as the user has it: HOME, USER and LOGNAME are the user's, or left out where it has none. */
export function environmentOfUser(environment: Environment, user: ProcessUser | null): Environment {
  if (user === null) {
    return environment;
  }
  const { HOME, USER, LOGNAME, ...rest } = environment;
  const { name, home } = accountOf(user) ?? {};
  return { ...rest, ...(name && { USER: name, LOGNAME: name }), ...(home && { HOME: home }) };
}

/** The entry of a user in the user database of this machine (passwd(5)); undefined where there is none. */
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
