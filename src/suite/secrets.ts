/** Knows the secrets of a run, and masks them in printed texts. */
export type Secrets = {
  /** Prints `value` as `shown` from now on. */
  readonly add: (value: string, shown: string) => void;
  /** Adds the secrets of an answer: new credentials, and headers and variables that are not the suite's own. */
  readonly addFrom: (answer: unknown) => void;
  /** Replaces every secret in a text. */
  readonly hide: (text: string) => string;
};

/** Shorter values guard nothing, and replacing them would garble the text. */
const MIN_SECRET_CHARS = 8;
const CREDENTIALS: Readonly<Record<string, string>> = {
  apiKey: '$NEW_API_KEY',
  apiSecret: '$NEW_API_SECRET',
  token: '$NEW_TOKEN',
};

/** What servers are sent, by name. */
const MAPS: readonly string[] = ['request_headers', 'headers', 'env'];

/** Creates the secrets of one run. Headers and variables with `own` in their value are not secret. */
export function createSecrets(own: string): Secrets {
  const known = new Map<string, string>();
  const add = (value: string, shown: string) => {
    if (value.length >= MIN_SECRET_CHARS) {
      known.set(value, known.get(value) ?? shown);
    }
  };
  const addFrom = (value: unknown, inMap = false): void => {
    for (const [key, member] of Object.entries(typeof value === 'object' && value !== null ? value : {})) {
      if (typeof member === 'string') {
        const shown = CREDENTIALS[key] ?? (inMap && !member.includes(own) ? '***' : undefined);
        if (shown !== undefined) {
          add(member, shown);
        }
      } else {
        addFrom(member, MAPS.includes(key));
      }
    }
  };
  return {
    add,
    addFrom: (answer) => addFrom(answer),
    hide: (text) =>
      [...known]
        .toSorted(([a], [b]) => b.length - a.length)
        .reduce(
          (hidden, [value, shown]) =>
            hidden.replaceAll(value, () => shown).replaceAll(JSON.stringify(value).slice(1, -1), () => shown),
          text,
        ),
  };
}
