/** The headers that say who asks, and how each is printed in place of its value. */
export type Credentials = Readonly<Record<string, { readonly value: string; readonly shown: string }>>;

/** Nobody's. */
export const NONE: Credentials = {};

/** A key pair of the Servers API. */
export const keyPair = (
  apiKey: string,
  apiSecret: string,
  shownKey = '$NEW_API_KEY',
  shownSecret = '$NEW_API_SECRET',
): Credentials => ({
  'X-API-KEY': { value: apiKey, shown: shownKey },
  'X-API-SECRET': { value: apiSecret, shown: shownSecret },
});

/** A bearer token. */
export const bearer = (token: string, shown: string): Credentials => ({
  Authorization: { value: `Bearer ${token}`, shown: `Bearer ${shown}` },
});

/** Credentials of the same form that nobody has; they share nothing with real ones that a wrong server could tell. */
export const invented = (credentials: Credentials): Credentials =>
  Object.fromEntries(
    Object.entries(credentials).map(([name, { value }]) => {
      const [form = ''] = /^(?:Bearer |sk_|s3cr3t_)/.exec(value) ?? [];
      const wrong = `${form}${'x'.repeat(40)}`;
      return [name, { value: wrong, shown: wrong }];
    }),
  );
