import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { MemoryBudget } from '../base/memory-budget.ts';

/** What `/metrics` shows. Labels are outcomes, and operations and statuses of the document: their number is bounded. */
export type Metrics = {
  readonly registry: Registry;
  readonly requests: Counter<'operation' | 'status'>;
  readonly duration: Histogram<'operation'>;
  readonly violations: Counter<'operation' | 'status'>;
  readonly toolCalls: Counter<'outcome'>;
  readonly toolCallDuration: Histogram;
  readonly auditDropped: Counter;
  readonly reloads: Counter<'status'>;
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
    toolCalls: new Counter({
      name: 'gatehouse_tool_calls_total',
      help: 'Tool calls through endpoints by outcome: success or failure.',
      labelNames: ['outcome'],
      registers: [registry],
    }),
    toolCallDuration: new Histogram({
      name: 'gatehouse_tool_call_duration_seconds',
      help: 'Time that tool calls took.',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
      registers: [registry],
    }),
    auditDropped: new Counter({
      name: 'gatehouse_audit_dropped_total',
      help: 'Tool calls that are not in the audit log, because the database did not take them in time.',
      registers: [registry],
    }),
    reloads: new Counter({
      name: 'gatehouse_reloads_total',
      help: 'Changes of shared servers by what came of them: reloaded, restart_required or reload_failed.',
      labelNames: ['status'],
      registers: [registry],
    }),
  };
}

/** Shows what a budget holds, from when it is asked. */
export function showMemory({ registry }: Pick<Metrics, 'registry'>, budget: MemoryBudget): void {
  new Gauge({
    name: 'gatehouse_memory_budget_bytes',
    help: 'Memory that is held for others, by what for.',
    labelNames: ['kind'],
    registers: [registry],
    collect() {
      for (const [kind, bytes] of budget.heldByKind()) {
        this.set({ kind }, bytes);
      }
    },
  });
  new Gauge({
    name: 'gatehouse_memory_budget_limit_bytes',
    help: 'Memory that may be held for others in all: GATEHOUSE_MEMORY_BUDGET.',
    registers: [registry],
  }).set(budget.totalBytes);
}
