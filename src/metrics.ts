import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';

/** What `/metrics` shows. Labels are operations and statuses of the document, so their number is bounded. */
export type Metrics = {
  readonly registry: Registry;
  readonly requests: Counter<'operation' | 'status'>;
  readonly duration: Histogram<'operation'>;
  readonly violations: Counter<'operation' | 'status'>;
};

/** Makes the metrics of one server. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    requests: new Counter({
      name: 'gatehouse_requests_total',
      help: 'Requests by operation and status; 499 is a client that went away.',
      labelNames: ['operation', 'status'],
      registers: [registry],
    }),
    duration: new Histogram({
      name: 'gatehouse_request_duration_seconds',
      help: 'Time from the first byte of a request to the last of its answer.',
      labelNames: ['operation'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers: [registry],
    }),
    violations: new Counter({
      name: 'gatehouse_contract_violations_total',
      help: 'Answers of this server that break the document. Any is a defect.',
      labelNames: ['operation', 'status'],
      registers: [registry],
    }),
  };
}
