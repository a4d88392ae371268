import { existsSync } from 'node:fs';

/** The browser of this machine; undefined if it has none. The gate installs one (`.ci/run`). */
export const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);

/** For a browser that asks nobody but the tests. */
export const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Skips a test where there is no browser; in the gate its absence is a failure. */
export function requireChromium(skip: (condition: boolean, note: string) => void): void {
  if (CHROMIUM === undefined && process.env.CI !== undefined) {
    throw new Error('There is no Chromium on this machine. Install it: apt-get install chromium.');
  }
  skip(CHROMIUM === undefined, 'There is no Chromium on this machine.');
}
