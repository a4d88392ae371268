import { createSocket } from 'node:dgram';
import { promises as dns, type LookupAddress } from 'node:dns';
import { once } from 'node:events';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { Resolve } from '../../../src/egress/egress.ts';

/** What a name resolves to; the number counts its queries of this type from 0. A silent name is never answered. */
export type Answers = Record<string, readonly string[] | ((query: number) => readonly string[]) | 'silence'>;

/** A name server on loopback. */
export type NameServer = {
  /** Asks the server for both families, as a dual-stack machine does. */
  readonly resolve: Resolve;
  /** The queries so far: `A good.test`. */
  readonly queries: string[];
  /** `address:port`. */
  readonly address: string;
  readonly close: () => Promise<void>;
};

const TYPES: Readonly<Record<number, { name: string; family: 4 | 6 }>> = {
  1: { name: 'A', family: 4 },
  28: { name: 'AAAA', family: 6 },
};

/** Starts a name server (RFC 1035) that knows these names alone. Its answers may not be kept. */
export async function startNameServer(answers: Answers): Promise<NameServer> {
  const queries: string[] = [];
  const socket = createSocket('udp4', (query, { address, port }) => {
    const { name, type, end } = readQuestion(query);
    const line = `${TYPES[type]?.name} ${name}`;
    const earlier = queries.filter((one) => one === line).length;
    queries.push(line);
    const known = answers[name];
    if (known === 'silence') {
      return;
    }
    const all = typeof known === 'function' ? known(earlier) : known;
    const records = (all ?? []).filter((one) => isIP(one) === TYPES[type]?.family);
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(all === undefined ? 0x8183 : 0x8180, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(records.length, 6);
    socket.send(
      Buffer.concat([header, query.subarray(12, end), ...records.map((one) => record(type, one))]),
      port,
      address,
    );
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const resolver = new dns.Resolver({ timeout: 5000, tries: 2 });
  resolver.setServers([`127.0.0.1:${socket.address().port}`]);
  return {
    resolve: async (name) => {
      const [four, six] = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
      if (four.status === 'rejected' && six.status === 'rejected') {
        throw four.reason;
      }
      return [...found(six, 6), ...found(four, 4)];
    },
    queries,
    address: `127.0.0.1:${socket.address().port}`,
    close: async () => {
      socket.close();
      await once(socket, 'close');
    },
  };
}

const found = (result: PromiseSettledResult<string[]>, family: 4 | 6): LookupAddress[] =>
  result.status === 'fulfilled' ? result.value.map((address) => ({ address, family })) : [];

function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.'), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function record(type: number, address: string): Buffer {
  const data = ipaddr.parse(address).toByteArray();
  const head = Buffer.from([0xc0, 0x0c, 0, type, 0, 1, 0, 0, 0, 0, 0, data.length]);
  return Buffer.concat([head, Buffer.from(data)]);
}
