/** Returns the unpacked size in bytes, from the end of the gzip data (RFC 1952, section 2.3.1). */
export const unpackedBytes = (packed: Uint8Array): number =>
  new DataView(packed.buffer, packed.byteOffset).getUint32(packed.byteLength - 4, true);
