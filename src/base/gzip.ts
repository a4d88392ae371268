/** Bytes that something packed unpacks to: gzip says it at its end (RFC 1952, section 2.3.1). */
export const unpackedBytes = (packed: Uint8Array): number =>
  new DataView(packed.buffer, packed.byteOffset).getUint32(packed.byteLength - 4, true);
