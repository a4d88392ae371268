/** The APIs of the document that the suite checks. */
export const APIS = ['servers', 'operator'] as const;
export type Api = (typeof APIS)[number];

const PREFIXES: Readonly<Record<Api, string>> = { servers: '/api/', operator: '/admin/api/' };

/** The API that a path of the document belongs to; undefined for the platform's own. */
export const apiOf = (path: string): Api | undefined => APIS.find((api) => `${path}/`.startsWith(PREFIXES[api]));
