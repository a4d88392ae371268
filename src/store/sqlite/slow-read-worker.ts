import { parentPort, workerData } from 'node:worker_threads';
import { openConnection } from './connection.ts';
import type { Answer } from './dialect.ts';
import { sqliteCodeOf } from './errors.ts';
import type { SlowReadQuestion, SlowReadReply } from './slow-read-messages.ts';

const session = openConnection(workerData, 'readOnly');

parentPort?.on('message', async ({ id, sql, parameters }: SlowReadQuestion) => {
  parentPort?.postMessage({ id, ...(await reply(sql, parameters)) } satisfies SlowReadReply);
});

async function reply(sql: string, parameters: readonly unknown[]): Promise<{ answer: Answer } | { failure: Failure }> {
  try {
    return { answer: await session.execute(sql, parameters) };
  } catch (error) {
    // A cloned Error loses its code, so what matters of it is sent as data.
    return {
      failure: { message: error instanceof Error ? error.message : String(error), errcode: sqliteCodeOf(error) },
    };
  }
}

type Failure = { message: string; errcode: number | null };
