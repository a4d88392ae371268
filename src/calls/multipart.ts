import { createHash } from 'node:crypto';
import { textOf } from '../base/percent.ts';
import type { MultipartMember } from '../tools/types.ts';
import { bytesOf } from './base64.ts';
import { concreteType } from './headers.ts';
import { refuseLongNames } from './styles.ts';

/** A member and its value. */
export type GivenMember = MultipartMember & { readonly value: unknown };

/**
 * Makes a multipart body (RFC 7578) and its boundary. Parts with bytes have the name of their member as file name,
 * because servers recognise files by it. The boundary is a hash of the parts: the same arguments give the same bytes,
 * and no argument can contain it.
 */
export function multipartOf(members: readonly GivenMember[]): { readonly boundary: string; readonly body: Buffer } {
  const parts = members.flatMap((member) => {
    const values = member.many ? [member.value].flat() : [member.value];
    refuseLongNames(values.length * member.name.length);
    return values.map((value) => partOf(member, value));
  });
  const hash = createHash('sha256');
  for (const part of parts) {
    hash.update(part);
  }
  const boundary = `gatehouse-${hash.digest('hex').slice(0, 32)}`;
  const body = Buffer.concat([
    ...parts.flatMap((part) => [Buffer.from(`--${boundary}\r\n`), part, Buffer.from('\r\n')]),
    Buffer.from(`--${boundary}--\r\n`),
  ]);
  return { boundary, body };
}

function partOf({ name, argument, encoding, mediaType }: MultipartMember, value: unknown): Buffer {
  const quoted = escapeName(name);
  const content =
    encoding === 'base64'
      ? bytesOf(argument, value)
      : Buffer.from(encoding === 'json' ? JSON.stringify(value) : textOf(value));
  const type = concreteType(mediaType, FALLBACK[encoding]);
  const head = [
    `Content-Disposition: form-data; name="${quoted}"${encoding === 'base64' ? `; filename="${quoted}"` : ''}`,
    // Some servers take a part with a type for a file, and text is the default (RFC 7578, section 4.4).
    ...(type === 'text/plain' ? [] : [`Content-Type: ${type}`]),
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), content]);
}

const FALLBACK = { json: 'application/json', text: 'text/plain', base64: 'application/octet-stream' };

/** As browsers do it (HTML, "multipart/form-data encoding algorithm"). */
const escapeName = (name: string): string =>
  name.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
