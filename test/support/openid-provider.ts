import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';

export const CLIENT = { client_id: 'gatehouse', client_secret: `client-${'s'.repeat(32)}` };

export type Claims = Readonly<Record<string, unknown>>;
export type OpenIdProvider = {
  readonly issuer: string;
  /** Begins to answer, for a gateway at a URL. Before that, requests get no answer that a provider gives. */
  readonly serve: (gatewayUrl: string) => void;
  /** Answers 503 from now on. */
  readonly fail: () => void;
  readonly stop: () => Promise<void>;
};

/** A real provider on another site than the gateway. People sign in with the names of `people` and any password. */
export async function startOpenIdProvider(people: Readonly<Record<string, Claims>>): Promise<OpenIdProvider> {
  const server = createServer((_request, response) => response.writeHead(503).end());
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}`;
  return {
    issuer,
    serve: (gatewayUrl) => {
      const provider = new Provider(issuer, {
        clients: [{ ...CLIENT, redirect_uris: [`${gatewayUrl}/console/sign-in/callback`] }],
        claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'], groups: ['groups'] },
        scopes: ['openid', 'profile', 'email', 'groups'],
        findAccount: (_context, id) => ({ accountId: id, claims: async () => ({ ...people[id], sub: id }) }),
        pkce: { required: () => true },
        cookies: { keys: ['of the tests'] },
        ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 600, IdToken: 600 },
      });
      server.removeAllListeners('request').on('request', provider.callback());
    },
    fail: () => {
      server.removeAllListeners('request').on('request', (_request, response) => response.writeHead(503).end());
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Landed = { readonly url: string; readonly status: number; readonly text: string };

/** A browser without pages: it keeps cookies by host, as browsers do, follows redirects, and submits forms. */
export class Browser {
  readonly #cookies = new Map<string, Map<string, string>>();
  /** The addresses that it was sent to. */
  readonly visited: string[] = [];

  cookiesOf(url: string): string {
    return [...(this.#cookies.get(new URL(url).hostname) ?? [])].map((pair) => pair.join('=')).join('; ');
  }

  /** With an address to stop at, it does not open what begins like it. */
  readonly #stopAt: string | null;

  constructor(stopAt: string | null = null) {
    this.#stopAt = stopAt;
  }

  async open(url: string, form?: URLSearchParams): Promise<Landed> {
    this.visited.push(url);
    if (this.#stopAt !== null && url.startsWith(this.#stopAt)) {
      return { url, status: 0, text: '' };
    }
    const cookie = this.cookiesOf(url);
    const answer = await fetch(url, {
      redirect: 'manual',
      headers: cookie === '' ? {} : { cookie },
      ...(form && { method: 'POST', body: form }),
    });
    const jar = this.#cookies.get(new URL(url).hostname) ?? new Map<string, string>();
    for (const [, name = '', value = ''] of answer.headers
      .getSetCookie()
      .flatMap((set) => [/^([^=]+)=([^;]*)/.exec(set) ?? []])) {
      value === '' ? jar.delete(name) : jar.set(name, value);
    }
    this.#cookies.set(new URL(url).hostname, jar);
    const location = answer.headers.get('location');
    const text = await answer.text();
    return location === null ? { url, status: answer.status, text } : this.open(new URL(location, url).href);
  }

  /** Signs in at the provider from where the gateway leads, and consents. */
  async signIn(start: string, login: string): Promise<Landed> {
    let page = await this.open(start);
    for (const fields of [{ prompt: 'login', login, password: 'any' }, { prompt: 'consent' }]) {
      const action = /<form[^>]* action="([^"]+)"/.exec(page.text)?.[1];
      if (action === undefined) {
        break;
      }
      page = await this.open(new URL(action, page.url).href, new URLSearchParams(fields));
    }
    return page;
  }
}
