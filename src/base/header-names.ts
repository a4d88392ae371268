/**
 * Headers that only the connection itself can write (RFC 9110, sections 7.6 and 10.1; RFC 9112; RFC 6455): one of
 * another hop, or one that the HTTP client refuses, so that a request with it is never sent.
 */
const OF_CONNECTION =
  /^(?:connection|content-length|expect|host|http2-settings|keep-alive|proxy-.*|sec-websocket-.*|te|trailer|transfer-encoding|upgrade)$/;

/** True for a header, in any case, that only the connection itself can write. */
export const isConnectionHeader = (name: string): boolean => OF_CONNECTION.test(name.toLowerCase());

/** Headers that say how a message of MCP is to be read, made of the message; and codings, which would change it. */
const OF_MESSAGE =
  /^(?:accept|accept-encoding|content-encoding|content-type|last-event-id|mcp-(?:method|name|param-.*|protocol-version|session-id))$/;

/** True for a header, in any case, that Gatehouse computes from the MCP message. */
export const isMessageHeader = (name: string): boolean => OF_MESSAGE.test(name.toLowerCase());
