import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { CHROMIUM, FLAGS } from '../support/chromium.ts';
import { operations } from '../support/client.ts';
import { API_KEY, API_SECRET, API_TOKEN, OPERATOR_TOKEN } from '../support/server.ts';

/** WCAG 2.2, levels A and AA. */
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
/** The sizes at which pages are looked at. Pages on the first and the last are tested for accessibility. */
const VIEWS = [
  { width: 360, height: 740, colorScheme: 'dark' },
  { width: 360, height: 740, colorScheme: 'light' },
  { width: 768, height: 1024, colorScheme: 'light' },
  { width: 768, height: 1024, colorScheme: 'dark' },
  { width: 1440, height: 900, colorScheme: 'dark' },
  { width: 1440, height: 900, colorScheme: 'light' },
] as const;
/** Where pictures of all pages go; none are made unless it is set. */
const PICTURES = process.env.GATEHOUSE_SCREENSHOTS;

/** The credentials of the first organization and of the operator. */
export type SignInAs = {
  readonly name?: string;
  /** `true`: the first pair, which may do everything. */
  readonly pair?: boolean | { readonly apiKey: string; readonly apiSecret: string };
  readonly token?: boolean;
  readonly operator?: boolean;
};

/** A browser that people use the console with. What it asks for, and what it complains about, is kept until it is closed. */
export class ConsoleBrowser implements AsyncDisposable {
  readonly #browser: Browser;
  readonly #url: string;
  readonly #foreign: string[] = [];
  readonly #complaints: string[] = [];

  private constructor(browser: Browser, url: string) {
    this.#browser = browser;
    this.#url = url;
  }

  /** Starts Chromium for the console of the server at `url`. */
  static async start(url: string): Promise<ConsoleBrowser> {
    return new ConsoleBrowser(
      await chromium.launch({ ...(CHROMIUM !== undefined && { executablePath: CHROMIUM }), args: FLAGS }),
      url,
    );
  }

  /** A new window without a session. */
  async open({ width = 1440, height = 900 } = {}): Promise<Page> {
    const context: BrowserContext = await this.#browser.newContext({ viewport: { width, height } });
    context.setDefaultTimeout(20_000);
    const page = await context.newPage();
    page.on('request', (request) => {
      if (!isKnown(request.method(), new URL(request.url()), this.#url)) {
        this.#foreign.push(`${request.method()} ${request.url()}`);
      }
    });
    page.on('pageerror', (error) => this.#complaints.push(error.message));
    page.on('console', (message) => {
      // Browsers log every answer that is an error; the stories cause some of them.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
        this.#complaints.push(message.text());
      }
    });
    return page;
  }

  /** A new window in which a person has signed in with credentials, on a page of the console such as `/approvals`. */
  async openAs(
    { name = 'Ada Lovelace', pair = false, token = false, operator = false }: SignInAs,
    path = '/',
    size: { readonly width?: number; readonly height?: number } = {},
  ): Promise<Page> {
    const page = await this.open(size);
    await page.goto(`${this.#url}/console${path}`);
    await page.getByLabel('Your name').fill(name);
    if (pair !== false) {
      const { apiKey, apiSecret } = pair === true ? { apiKey: API_KEY, apiSecret: API_SECRET } : pair;
      await page.getByLabel('Key', { exact: true }).fill(apiKey);
      await page.getByLabel('Secret', { exact: true }).fill(apiSecret);
    }
    if (token) {
      await page.getByLabel('Token', { exact: true }).fill(API_TOKEN);
    }
    if (operator) {
      await page.getByLabel('Operator token', { exact: true }).fill(OPERATOR_TOKEN);
    }
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('button', { name }).waitFor();
    return page;
  }

  /**
   * Looks at a page as people have it: at each width, light and dark. Nothing may be wider than the window, and axe must
   * find nothing.
   */
  async look(page: Page, name: string): Promise<void> {
    const size = page.viewportSize();
    for (const [at, { width, height, colorScheme }] of VIEWS.entries()) {
      const isTested = at === 0 || at === VIEWS.length - 1;
      if (!isTested && PICTURES === undefined) {
        continue;
      }
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme });
      await expect
        .poll(() => page.evaluate('document.documentElement.scrollWidth - window.innerWidth'), {
          message: `${name} at ${width}`,
        })
        .toBeLessThanOrEqual(0);
      if (PICTURES !== undefined) {
        await mkdir(PICTURES, { recursive: true });
        await page.screenshot({ path: join(PICTURES, `${name}-${width}-${colorScheme}.png`), fullPage: true });
      }
      if (isTested) {
        const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze();
        expect(
          violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`),
          name,
        ).toEqual([]);
      }
    }
    await page.emulateMedia({ colorScheme: 'light' });
    if (size !== null) {
      await page.setViewportSize(size);
    }
  }

  /** Ends the browser. Everything that it asked for was an operation of the document or a file of the console. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    expect(this.#foreign).toEqual([]);
    expect(this.#complaints).toEqual([]);
  }
}

const FILES = /^\/(?:favicon\.ico|console(?:\/.*)?)$/;
const PATTERNS = operations.map(({ method, path }) => ({
  method: method.toUpperCase(),
  pattern: new RegExp(`^${path.replaceAll(/[.]/g, '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`),
}));

function isKnown(method: string, { origin, pathname }: URL, url: string): boolean {
  return (
    origin === url &&
    ((method === 'GET' && FILES.test(pathname)) ||
      PATTERNS.some((operation) => operation.method === method && operation.pattern.test(pathname)))
  );
}
