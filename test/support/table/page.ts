import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../process.ts';
import type { Cell } from './cells.ts';
import { OPERATIONS } from './operations.ts';
import type { Row } from './table.ts';

export const PAGE = join(ROOT, 'docs/compatibility.md');

/** The comment in the page after which everything is made of the rows. */
const MARK = '<!-- Everything below is made by test/gateway/compatibility.product.test.ts. -->\n';

const readPage = async (): Promise<{ readonly head: string; readonly tables: string }> => {
  const [head = '', tables = ''] = (await readFile(PAGE, 'utf8')).split(MARK);
  return { head, tables };
};

/** Makes the page of all rows. The text above the tables is that of the present page. */
export async function pageOf(rows: readonly Row[]): Promise<string> {
  const { head } = await readPage();
  const tables = [...Map.groupBy(rows, ({ server }) => server)].map(([server, ofServer]) => {
    const like = Map.groupBy(ofServer, ({ cells }) => cells.join(' | '));
    const lines = [...like].map(([cells, alike]) => `| ${alike.map(({ client }) => client).join('; ')} | ${cells} |`);
    const columns = ['client', ...OPERATIONS.map(({ name }) => name)];
    return [`### ${server}`, '', `| ${columns.join(' | ')} |`, `|${'---|'.repeat(columns.length)}`, ...lines, ''].join(
      '\n',
    );
  });
  return `${head}${MARK}\n${tables.join('\n')}`;
}

/** Returns the cells that the page has for a client and a server; undefined if it has none. */
export async function cellsInPage(server: string, client: string): Promise<readonly Cell[] | undefined> {
  const { tables } = await readPage();
  const [, section = ''] = `\n${tables}`.split(`\n### ${server}\n`);
  const lines = (section.split('\n### ')[0] ?? '')
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()));
  const line = lines.find(([, clients = '']) => clients.split('; ').includes(client));
  return line?.slice(2, -1) as readonly Cell[] | undefined;
}
