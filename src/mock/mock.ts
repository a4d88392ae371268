import { createServer } from 'node:http';
import { LIMITS } from '../base/limits.ts';
import { listen } from '../http/listen.ts';
import { answerUnreadable } from '../http/unreadable.ts';
import { createMockApp, type MockOptions } from './app.ts';
import { createPrism } from './prism.ts';

export type RunningMock = {
  /** Where it listens, such as `http://127.0.0.1:4010`. */
  readonly url: string;
  readonly stop: () => Promise<void>;
};

/**
 * Starts the mock: requests go through the server's own checks, and valid ones get examples of the document. Nothing is
 * remembered. Throws CannotListen.
 */
export async function startMock(options: MockOptions): Promise<RunningMock> {
  const makeBody = await createPrism(options.document);
  const http = createServer({ requireHostHeader: false });
  const { host, port } = options;
  const url = await listen(http, { host, port, settings: { host: '--host', port: '--port' } });
  const app = createMockApp(options, url, makeBody);
  answerUnreadable(http, url, LIMITS.lingerMs);
  // Whether a body is wanted is said when it is read, after the credentials were checked.
  for (const event of ['request', 'checkContinue', 'checkExpectation']) {
    http.on(event, app);
  }
  return {
    url,
    stop: () =>
      new Promise((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
}
