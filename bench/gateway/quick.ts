import { withClosers } from '../closers.ts';
import { compare } from './compare.ts';
import { startGatehouse, startProgram } from './sides.ts';
await withClosers(async (defer) => {
  const direct = await startProgram('direct', 'mcp-server.ts', defer);
  const upstream = direct.urls[0] as string;
  const relay = await startProgram('relay', 'relay.ts', defer, upstream);
  const gatehouse = await startGatehouse('gatehouse', 1, defer, upstream);
  for (const version of ['2025-11-25', '2026-07-28'] as const) {
    const c = await compare([relay, gatehouse], { version, tool: 'echo', clients: 8 }, { rounds: 3, seconds: 2 });
    console.log(version, 'cpu ratio', c.ratio('cpuMicroseconds', gatehouse, relay), JSON.stringify(c.of(relay)), JSON.stringify(c.of(gatehouse)));
  }
});
