import { createHash } from 'node:crypto';

/**
 * Adds a policy in `<meta>` that allows only the current inline scripts of the page (CSP 3, "hash-source"). Repeat it
 * after every change of the page.
 */
export function allowOwnScripts(page: string): string {
  const scripts = [...page.matchAll(/<script(?:\s[^>]*)?>(.*?)<\/script>/gs)].map(([, text = '']) => text);
  const hashes = new Set(scripts.map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`));
  return page.replace(/script-src [^;"]*/, () => ['script-src', ...hashes].join(' '));
}
