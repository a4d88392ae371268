import type { ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Identified } from './context.ts';

/** Writes one log line and one metric for a request, after its answer was sent or its connection was closed. */
export type Observe = (request: Identified, response: ServerResponse) => void;

/** Makes the observer of one server. */
export function observer(log: Logger, metrics: Metrics): Observe {
  return (request, response) => {
    const start = performance.now();
    response.once('close', () => {
      const milliseconds = performance.now() - start;
      const operation = request.operation?.id ?? 'none';
      const status = response.writableFinished ? response.statusCode : 499;
      metrics.requests.inc({ operation, status });
      metrics.duration.observe({ operation }, milliseconds / 1000);
      // That a server does not come up is what the operator has asked, and been told.
      log[status >= 500 && request.errorCode !== 'reload_failed' ? 'warn' : 'info'](
        {
          requestId: request.id,
          operation,
          method: request.method,
          // The template, not the path as sent: paths can carry secrets.
          path: request.operation?.path,
          status,
          ms: Math.round(milliseconds * 10) / 10,
          caller: request.caller?.id ?? request.caller?.kind,
        },
        'request',
      );
    });
  };
}
