/** The variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** `$${` is a literal `${`; the other form names a variable. */
const REFERENCE = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** The gateway's own variables are reserved: they contain its keys and credentials. */
const REFUSED = /^(?:GATEHOUSE_|DATABASE_URL(?:_FILE)?$)/i;

/** The names of the variables that a text refers to. */
export const variablesIn = (text: string): string[] =>
  [...text.matchAll(REFERENCE)].flatMap(([, name]) => (name === undefined ? [] : [name]));

/** Whether a variable is the gateway's own. */
export const isRefused = (name: string): boolean => REFUSED.test(name);

/** A text with its variables replaced; those that the environment lacks are left as they are. */
export const expand = (text: string, environment: Environment): string =>
  text.replaceAll(REFERENCE, (reference, name: string | undefined) =>
    name === undefined ? '${' : (valueOfVariable(name, environment) ?? reference),
  );

/** The value of a variable; undefined where there is none. */
export const valueOfVariable = (name: string, environment: Environment): string | undefined =>
  Object.hasOwn(environment, name) ? environment[name] : undefined;
