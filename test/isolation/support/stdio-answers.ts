import { MESSAGES } from './answers.ts';

/**
 * What a local process does instead of an answer: the body of a function of `good`, `id` and `text` (a message as a line).
 * Numbers of bytes are bounded.
 */
export const PROCESS_ANSWERS: Readonly<Record<string, string>> = {
  'an exit': 'process.exit(0)',
  'an exit with code 3': 'process.exit(3)',
  'a signal to itself': 'process.kill(process.pid, "SIGKILL")',
  'a fault': 'throw new Error("fault")',
  silence: '',
  'half a line and an exit': 'fs.writeSync(1, good.slice(0, 20)); process.exit(0)',
  'the answer and an exit': 'fs.writeSync(1, good + "\\n"); process.exit(0)',
  'the end of its output': 'fs.closeSync(1)',
  'the end of its input': 'process.stdin.destroy(); fs.writeSync(1, good + "\\n")',
  'bytes that are no UTF-8': 'fs.writeSync(1, Buffer.from([0xff, 0xfe, 0xc3, 0x28, 10]))',
  'a flood of one line': 'const x = "x".repeat(1 << 20); for (let i = 0; i < 36; i++) process.stdout.write(x)',
  'a flood of lines':
    'const x = "log line\\n".repeat(10000); for (let i = 0; i < 100; i++) process.stdout.write(x); process.stdout.write(good + "\\n")',
  'a flood of empty lines': 'process.stdout.write("\\n".repeat(1 << 22)); process.stdout.write(good + "\\n")',
  'a flood of errors':
    'const x = "oops\\n".repeat(10000); for (let i = 0; i < 100; i++) process.stderr.write(x); process.stdout.write(good + "\\n")',
  'a child that holds its output':
    'require("child_process").spawn("sleep", ["5"], { stdio: "inherit" }); process.exit(0)',
  'a signal that it ignores': 'process.on("SIGTERM", () => {}); process.stdin.pause()',
  ...Object.fromEntries(
    Object.keys(MESSAGES).map((name) => [`a message: ${name}`, `process.stdout.write(text + "\\n")`]),
  ),
};

/** A script of a local process that is well-behaved in all but one moment. Both come in its environment. */
export const SCRIPT = `
const fs = require('node:fs');
const { MOMENT, DEED, GOODS, TEXTS } = process.env;
const goods = JSON.parse(GOODS);
let held = '';
const deed = new Function('fs', 'require', 'good', 'id', 'text', DEED);
process.stdin.on('data', (data) => {
  held += data;
  const lines = held.split('\\n');
  held = lines.pop();
  for (const line of lines) {
    const { id, method } = JSON.parse(line);
    const good = (goods[method] ?? '').replace('"ID"', JSON.stringify(id ?? null));
    if (method === MOMENT) {
      const text = TEXTS === '' ? '' : fs.readFileSync(TEXTS, 'utf8').replaceAll('"ID"', JSON.stringify(id ?? null));
      deed(fs, require, good, id, text.replaceAll(/[\\r\\n]+/g, ' '));
    } else if (good !== '' && id !== undefined) {
      process.stdout.write(good + '\\n');
    }
  }
});
`;
