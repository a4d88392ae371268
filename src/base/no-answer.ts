const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused (ECONNREFUSED)',
  ENOTFOUND: 'the host has no address (ENOTFOUND)',
  ECONNRESET: 'the connection was closed before an answer (ECONNRESET)',
  UND_ERR_SOCKET: 'the connection was closed before an answer (UND_ERR_SOCKET)',
};

/** Returns the reason, for people, why `fetch` got no answer. */
export function reasonOfNoAnswer(error: unknown): string {
  const { message, cause } = error as Error & { cause?: NodeJS.ErrnoException };
  return REASONS[cause?.code ?? ''] ?? `no answer (${cause?.code ?? cause?.message ?? message})`;
}
