/** The headers of credentials, and the text to print in place of each value. */
export type Credentials = Readonly<Record<string, { readonly value: string; readonly shown: string }>>;

/** No credentials. */
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

/**
 * Returns unknown credentials of the same form; they share no part of real ones, so a faulty server reveals nothing.
 */
export const invented = (credentials: Credentials): Credentials =>
  Object.fromEntries(
    Object.entries(credentials).map(([name, { value }]) => {
      const [form = ''] = /^(?:Bearer |sk_|s3cr3t_)/.exec(value) ?? [];
      const wrong = `${form}${'x'.repeat(40)}`;
      return [name, { value: wrong, shown: wrong }];
    }),
  );
