import { hostname } from 'node:os';
import type { ClientConfig } from 'pg';

const CONNECT_TIMEOUT_MS = 5000;

/** Returns the configuration of every connection. Its name in `pg_stat_activity` identifies Gatehouse. */
export function clientConfig(url: string, connectTimeoutMs = CONNECT_TIMEOUT_MS): ClientConfig {
  return {
    connectionString: url,
    // PostgreSQL cuts names at 63 bytes, and the process id is the part that matters.
    application_name: `gatehouse ${hostname().slice(0, 40)} pid ${process.pid}`,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
  };
}
