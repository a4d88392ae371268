import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createClient } from '../../src/client.ts';
import { withClosers } from '../closers.ts';
import { API_KEY, API_SECRET, API_TOKEN } from '../credentials.ts';
import { load } from './load.ts';
import { startProgram } from './sides.ts';
await withClosers(async (defer) => {
  const direct = await startProgram('direct', 'mcp-server.ts', defer);
  const upstream = direct.urls[0] as string;
  const child = spawn(process.execPath, ['--cpu-prof', '--cpu-prof-dir=/tmp/gh/prof', '-r', './bin/preload.cjs', '--max-semi-space-size=4', 'src/main.ts'], { stdio: ['ignore', 'pipe', 'inherit'], env: { PATH: process.env.PATH, GATEHOUSE_DATA: mkdtempSync('/tmp/gh/d-'), GATEHOUSE_PORT: '0', GATEHOUSE_API_TOKEN: API_TOKEN, GATEHOUSE_API_KEY: API_KEY, GATEHOUSE_API_SECRET: API_SECRET, GATEHOUSE_EGRESS_ALLOW: '127.0.0.1' } as never });
  let baseUrl = '';
  for await (const line of createInterface({ input: child.stdout! })) { const l = JSON.parse(line); if (l.msg === 'ready') { baseUrl = l.url; child.stdout!.resume(); break; } }
  const client = createClient({ baseUrl, apiToken: API_TOKEN, apiKey: API_KEY, apiSecret: API_SECRET });
  const r = await client.POST('/api/mcp-servers', { body: { name: 'Bench', url: upstream, approval_policy: 'auto_approve_all' } });
  const m = await client.POST('/integrated-account/{integrated_account_id}/mcp', { params: { path: { integrated_account_id: r.data!.data.id.slice(4) } }, body: { name: 'b', config: { methods: ['read'] } } });
  const side = { name: 'g', urls: [m.data!.url], pid: child.pid };
  for (const version of [process.argv[2] ?? '2025-11-25'] as never[]) console.log(await load(side, { version, tool: 'echo', clients: 8 }, { seconds: 6 } as never));
  const e = once(child, 'exit'); child.kill('SIGTERM'); await e;
});
