import { parentPort } from 'node:worker_threads';
import { derive } from './derive.ts';
import type { DeriveQuestion, DeriveReply } from './derive-messages.ts';
import { DocumentError } from './errors.ts';
import { packTools } from './packed.ts';
import { bytesOf, sizeWarnings } from './size.ts';

parentPort?.on('message', ({ bytes, options }: DeriveQuestion) => {
  const reply = answer(bytes, options);
  parentPort?.postMessage(reply, 'result' in reply ? [reply.result.tools.buffer as ArrayBuffer] : []);
});

function answer(bytes: Uint8Array, options: DeriveQuestion['options']): DeriveReply {
  try {
    const { tools, warnings, ...rest } = derive(bytes, options);
    const toolsBytes = bytesOf(tools);
    const facts = {
      toolCount: tools.length,
      toolsBytes,
      warnings: [...sizeWarnings(tools.length, toolsBytes), ...warnings],
    };
    // A copy: what the compressor answers may lie in memory that cannot be handed over.
    return { result: { ...rest, ...facts, tools: new Uint8Array(packTools(tools)) } };
  } catch (error) {
    // A cloned error loses its class, so what matters of it is sent as data.
    return error instanceof DocumentError
      ? { refusal: { message: error.reason, place: error.place } }
      : { failure: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
