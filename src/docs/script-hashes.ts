import { createHash } from 'node:crypto';

/**
 * A page whose policy, in `<meta>`, lets the inline scripts run that stand in it now, and no others (CSP 3, "hash-source"). To be
 * made anew whenever the page is changed.
 */
export function allowOwnScripts(page: string): string {
  const scripts = [...page.matchAll(/<script(?:\s[^>]*)?>(.*?)<\/script>/gs)].map(([, text = '']) => text);
  const hashes = new Set(scripts.map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`));
  return page.replace(/script-src [^;"]*/, () => ['script-src', ...hashes].join(' '));
}
