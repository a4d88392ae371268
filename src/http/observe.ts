import type { RequestHandler } from 'express';
import type { Logger } from 'pino';
import type { Metrics } from '../metrics.ts';

/** One log line and one observation for each request, when its answer has left or its connection is gone. */
export function observe(log: Logger, metrics: Metrics): RequestHandler {
  return (request, response, next) => {
    const start = performance.now();
    response.once('close', () => {
      const milliseconds = performance.now() - start;
      const operation = request.operation?.id ?? 'none';
      const status = response.writableFinished ? response.statusCode : 499;
      metrics.requests.inc({ operation, status });
      metrics.duration.observe({ operation }, milliseconds / 1000);
      log[status >= 500 ? 'warn' : 'info'](
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
    next();
  };
}
