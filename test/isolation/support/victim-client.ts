import { setTimeout as delay } from 'node:timers/promises';

/** Calls a tool over and over, in a process of its own, until it hears anything; then it says how that went. */
const { URL_OF_ENDPOINT = '' } = process.env;
const PAUSE_MS = 50;
const BODY = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'act' } });

const failures: string[] = [];
let answered = 0;
let slowestMs = 0;
process.on('message', () => {
  process.send?.({ failures, answered, slowestMs });
  slowestMs = 0;
});
process.on('disconnect', () => process.exit(0));
for (;;) {
  const at = performance.now();
  try {
    const headers = { 'Content-Type': 'application/json', Accept: 'application/json' };
    const response = await fetch(URL_OF_ENDPOINT, { method: 'POST', headers, body: BODY });
    const text = await response.text();
    if (!text.includes('"sound"')) {
      failures.push(`${new Date().toISOString()} ${response.status} ${text.slice(0, 200)}`);
    }
    answered += 1;
  } catch (error) {
    failures.push(`${new Date().toISOString()} ${error}`);
    await delay(200);
  }
  slowestMs = Math.max(slowestMs, performance.now() - at);
  await delay(PAUSE_MS);
}
