import type { DestinationStream } from 'pino';
import pretty from 'pino-pretty';
import { escapeControls } from '../base/log-destination.ts';

type Line = {
  readonly msg?: string;
  readonly level: number;
  readonly time: number;
  readonly requestId: string;
  readonly method: string;
  readonly path?: string;
  readonly status: number;
  readonly ms: number;
};

/** A request id of the server's own, whose beginning is enough to find a request on a screen. */
const UUID = /^([\da-f]{8})-[\da-f-]{27}$/;

/** Writes log lines for people: one line each, in colours on a terminal. */
export function terminalLog(): DestinationStream {
  const terminal = pretty({ ignore: 'pid,hostname', translateTime: 'HH:MM:ss', singleLine: true, sync: true });
  return { write: (line) => terminal.write(escapeControls(shortened(line))) };
}

/** The line of a request as a sentence instead of its fields; every other line as it is. */
function shortened(text: string): string {
  const { msg, level, time, requestId, method, path = '(no operation)', status, ms }: Line = JSON.parse(text);
  if (msg !== 'request') {
    return text;
  }
  const request = `${method} ${path} ${status} ${Math.round(ms)} ms ${requestId.replace(UUID, '$1')}`;
  return `${JSON.stringify({ level, time, msg: request })}\n`;
}
