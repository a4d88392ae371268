/** The APIs of the document that the suite checks. */
export const APIS = ['servers', 'operator', 'accounts'] as const;
export type Api = (typeof APIS)[number];

const PREFIXES: Readonly<Record<Api, readonly string[]>> = {
  servers: ['/api/'],
  operator: ['/admin/api/'],
  accounts: ['/integration/', '/integrated-account/'],
};

/** Returns the API of a path of the document; undefined for the platform's own paths. */
export const apiOf = (path: string): Api | undefined =>
  APIS.find((api) => PREFIXES[api].some((prefix) => `${path}/`.startsWith(prefix)));
