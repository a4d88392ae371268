import { hostname } from 'node:os';
import type { ClientConfig } from 'pg';

const CONNECT_TIMEOUT_MS = 5000;

/** How every connection is made. Its name in `pg_stat_activity` tells who we are. */
export function clientConfig(url: string, connectTimeoutMs = CONNECT_TIMEOUT_MS): ClientConfig {
  return {
    connectionString: url,
    // PostgreSQL cuts names at 63 bytes, and the process id is the part that matters.
    application_name: `gatehouse ${hostname().slice(0, 40)} pid ${process.pid}`,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
  };
}
