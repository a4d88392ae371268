/**
 * The codes of JSON-RPC errors: those of JSON-RPC 2.0 (section 5.1) and of MCP (2026-07-28, "Error codes"), and those of the
 * gateway itself from the range that JSON-RPC reserves for servers.
 */
export const RPC_ERROR_CODES = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
  headerMismatch: -32020,
  unsupportedVersion: -32022,
  /** 2025-11-25, "URL Elicitation Required Error". */
  urlElicitationRequired: -32042,
  /** Any refusal of the gateway that has no code of its own. */
  refused: -32000,
  unauthorized: -32001,
  /** The server behind an endpoint is unreachable, or its answer does not follow the protocol. */
  serverFailed: -32003,
} as const;
