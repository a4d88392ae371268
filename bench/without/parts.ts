import type { Trick } from './tricks.ts';

/** Parts of the work for a small call that a copy of the project can leave out, and still answer. */
export const PARTS: readonly Trick[] = [
  {
    title: 'the audit log',
    remove: (copy) =>
      copy.edit('dist/src/gateway/outcome.js', 'if (ended?.call === undefined) {', 'if (ended !== 0) {'),
  },
  {
    title: 'the insertion of audited calls',
    remove: (copy) =>
      copy.edit(
        'dist/src/audit/calls.js',
        'await store.write((db) => insertOnce(db, store.engine, waiting.stored(from, to)));',
        '',
      ),
  },
  {
    title: 'the log line of the request',
    remove: (copy) =>
      copy.edit('dist/src/http/observe.js', 'log[status >= 500', 'if (status >= 400)\n            log[status >= 500'),
  },
  {
    title: 'the metrics of the request',
    remove: (copy) => {
      copy.edit('dist/src/http/observe.js', 'metrics.requests.inc({ operation, status });', '');
      copy.edit('dist/src/http/observe.js', 'metrics.duration.observe({ operation }, milliseconds / 1000);', '');
    },
  },
  {
    title: 'the headers of every answer',
    remove: (copy) => copy.edit('dist/src/http/security-headers.js', 'response.setHeader(name, value);', ''),
  },
  {
    title: 'the limit of silence of the server',
    remove: (copy) =>
      copy.edit(
        'dist/src/egress/send-http.js',
        'else if (this.idleTimeoutMs > 0) {',
        'else if (this.idleTimeoutMs < 0) {',
      ),
  },
];
