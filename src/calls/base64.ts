import { ArgumentError } from './errors.ts';

/** Decodes an argument in base64 (RFC 4648, section 4). */
export function bytesOf(argument: string, value: unknown): Buffer {
  const bytes = Buffer.from(typeof value === 'string' ? value : '', 'base64');
  // Node skips what is no base64.
  if (bytes.toString('base64') !== value) {
    throw new ArgumentError(`The argument ${JSON.stringify(argument)} must be base64 (RFC 4648, section 4).`);
  }
  return bytes;
}
