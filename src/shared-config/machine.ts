import type { ProcessUser } from '../config.ts';
import type { Environment } from './variables.ts';

/** The facts about the gateway's machine that configurations may use. */
export type Machine = {
  /** The variables that configurations may name. */
  readonly variables: Environment;
  /** The user that runs local processes; null means the gateway's own. */
  readonly stdioUser: ProcessUser | null;
  /** The only programs that may be started; null means any. */
  readonly programs: Programs | null;
};

/** Programs by the command that names them, each with all of its arguments. */
export type Programs = Readonly<Record<string, { readonly file: string; readonly args: readonly string[] }>>;
