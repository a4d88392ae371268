import { StoreUnavailable } from '../errors.ts';

/** SQLSTATEs that pass by themselves: connection lost, out of disk or memory, shutting down, read-only, disk failure. */
const TRANSIENT_STATE = /^(08...|53...|57P0[1-5]|25006|58...)$/;
const NETWORK_CODE = /^(ECONN\w+|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ENOENT)$/;
/** The driver's messages for a broken connection; these errors have no code. */
const DRIVER_MESSAGE =
  /^(Connection terminated|Client has encountered a connection error|timeout exceeded|Cannot use a pool)/;

/** Transactions that lost a race: serialization failure, deadlock. */
const RACE_LOST = /^(40001|40P01)$/;

/** Turns an error of the driver into StoreUnavailable if waiting may help; returns any other error unchanged. */
export function translatePostgresError(error: unknown): unknown {
  if (!(error instanceof Error)) {
    return error;
  }
  const code = codeOf(error);
  if (!TRANSIENT_STATE.test(code) && !NETWORK_CODE.test(code) && !DRIVER_MESSAGE.test(error.message)) {
    return error;
  }
  return new StoreUnavailable(`Storage is unavailable: PostgreSQL: ${error.message || code}.`, { cause: error });
}

/** Whether a transaction failed only because of a concurrent one, so that it should run again. */
export function isLostRace(error: unknown): boolean {
  return error instanceof Error && RACE_LOST.test(codeOf(error));
}

/** Whether the server refused the connection: bad credentials, or no such database. */
export function isTurnedAway(error: unknown): boolean {
  return error instanceof Error && /^(28...|3D000)$/.test(codeOf(error));
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}
