import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** The server fills these in for each answer (src/platform/console-page.ts); in development, nothing precedes the paths. */
const fillPlaces: Plugin = {
  name: 'gatehouse-places',
  apply: 'serve',
  transformIndexHtml: (html) => html.replaceAll(/__(?:PUBLIC_PATH|PROBLEM)__/g, ''),
};

export default defineConfig(({ command }) => ({
  root: import.meta.dirname,
  base: command === 'build' ? './' : '/console/',
  plugins: [react(), fillPlaces],
  html: command === 'build' ? { cspNonce: '__NONCE__' } : {},
  build: { outDir: '../../dist/console', emptyOutDir: true, target: 'es2024', modulePreload: { polyfill: false } },
}));
