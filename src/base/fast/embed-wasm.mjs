// Translates a WebAssembly text into a module that holds its bytes: no file is read beside the code at run time.
// node src/base/fast/embed-wasm.mjs SOURCE TARGET
import { readFileSync, writeFileSync } from 'node:fs';
import wabt from 'wabt';

const [source, target] = process.argv.slice(2);
const { parseWat } = await wabt();
const { buffer } = parseWat(source, readFileSync(source, 'utf8'), { simd: true, bulk_memory: true }).toBinary({});
writeFileSync(
  target,
  `// Made by src/base/fast/embed-wasm.mjs of ${source}: do not edit.

/** A WebAssembly module, in base64. */
export const WASM =
  '${Buffer.from(buffer).toString('base64')}';
`,
);
