import { spawn } from 'node:child_process';
import { createServer } from 'vite';

/**
 * The development server of the console: pages change as their sources do, and everything else comes from the sandbox, or
 * with `--mock` from the mock. Ends with both, and with Ctrl+C.
 */
const isMock = process.argv.includes('--mock');
const port = process.env.GATEHOUSE_PORT ?? '8080';
const target = `http://127.0.0.1:${port}`;
const backend = spawn(
  process.execPath,
  ['-r', './bin/preload.cjs', 'src/cli/main.ts', ...(isMock ? ['mock', '--port', port] : ['sandbox'])],
  { stdio: 'inherit', env: { ...process.env, GATEHOUSE_PORT: port, GATEHOUSE_HOST: '127.0.0.1' } },
);
const server = await createServer({
  configFile: new URL('vite.config.ts', import.meta.url).pathname,
  server: {
    host: '127.0.0.1',
    // Vite serves what is below /console, except for the operations there.
    proxy: Object.fromEntries(
      ['^/(?!console(?:/|\\?|$))', '^/console/(?:session|sign-in)'].map((path) => [
        path,
        { target, changeOrigin: true },
      ]),
    ),
  },
});
await server.listen();
server.printUrls();
backend.once('exit', async (code) => {
  await server.close();
  process.exitCode = code ?? 0;
});
