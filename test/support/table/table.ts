import type { Json } from '../json.ts';
import { mintOver } from '../minted.ts';
import type { TestServer } from '../server.ts';
import { created, share, unique } from '../shared-servers.ts';
import { type Cell, judge, type Outcome } from './cells.ts';
import { CLIENTS, type ClientKind, type TableClient } from './clients.ts';
import { OPERATIONS, type Operation } from './operations.ts';
import type { Reached, ServerKind, TableServer } from './servers.ts';

/** What a client gets from a server through the gateway, by operation. */
export type Row = { readonly server: string; readonly client: string; readonly cells: readonly Cell[] };

/** Runs each operation with a client at a server, over the way that `reached` gives. */
async function outcomesOf(
  client: ClientKind,
  server: TableServer,
  reached: Reached,
): Promise<{ readonly outcomes: readonly Outcome[]; readonly capabilities: Json }> {
  const connect = () => client.connect(reached);
  let place: { server: TableServer; client: TableClient; connect: () => Promise<TableClient> };
  try {
    place = { server, client: await connect(), connect };
  } catch (refusal) {
    return { outcomes: OPERATIONS.map(() => ({ refusal })), capabilities: null };
  }
  const { capabilities } = place.client;
  try {
    const outcomes: Outcome[] = [];
    for (const { run } of OPERATIONS) {
      outcomes.push(
        await run(place).then(
          (value): Outcome => ({ value }),
          (refusal): Outcome => ({ refusal }),
        ),
      );
    }
    return { outcomes, capabilities };
  } finally {
    await place.client.close().catch(() => undefined);
  }
}

/** Registers a server and mints an endpoint over it. */
async function endpointOver(gateway: TestServer, { reached }: TableServer): Promise<Reached> {
  if (reached.transport === 'stdio') {
    const { command, args } = reached;
    const id = await created(gateway, { name: unique(), transport: 'stdio', command, args });
    return { transport: 'STREAMABLE_HTTP', url: (await share(gateway, id)).url };
  }
  const { transport, url } = reached;
  return { transport: 'STREAMABLE_HTTP', url: (await mintOver(gateway, url, { transport })).url };
}

/** Nothing is advertised to a client that asks for no capabilities. */
const isAdvertised = ({ isAdvertised: isIn }: Operation, capabilities: Json): boolean =>
  capabilities !== null && isIn(capabilities);

/** The client that speaks every version: what it gets directly is the best that anybody gets. */
const BEST = CLIENTS.find(({ name }) => name === 'SDK v2, `auto`') as ClientKind;

/** Fills the rows of one server. A fault is a text, which names the cell. */
export async function fillRows(
  gateway: TestServer,
  { name, start }: ServerKind,
  clients: readonly ClientKind[],
): Promise<{ readonly rows: readonly Row[]; readonly faults: readonly string[] }> {
  const server = await start();
  try {
    const endpoint = await endpointOver(gateway, server);
    const best = await outcomesOf(BEST, server, server.reached);
    const rows: Row[] = [];
    const faults: string[] = [];
    for (const client of clients) {
      const direct = client === BEST ? best : await outcomesOf(client, server, server.reached);
      const through = await outcomesOf(client, server, endpoint);
      const cells = OPERATIONS.map((operation, at): Cell => {
        const [ofDirect, ofThrough, ofBest] = [direct, through, best].map(({ outcomes }) => outcomes[at] as Outcome);
        try {
          return judge({
            direct: ofDirect as Outcome,
            through: ofThrough as Outcome,
            best: operation.best === undefined ? (ofBest as Outcome) : { value: operation.best },
            nothing: operation.nothing,
            isAdvertised: isAdvertised(operation, through.capabilities),
          });
        } catch (error) {
          faults.push(`${name} | ${client.name} | ${operation.name} ${(error as Error).message}`);
          return 'no';
        }
      });
      rows.push({ server: name, client: client.name, cells });
    }
    return { rows, faults };
  } finally {
    await server.stop();
  }
}
