import { writeSync } from 'node:fs';
import { openStore } from '../../../src/store/open.ts';
import * as settings from '../../../src/store/settings.ts';

// A process that holds a store until it is killed: `child.ts hold|write|claim <location> <key>`. Writing, it prints the
// number of each write once that is acknowledged; claiming, the id and the fence of each row.
const [task, location = '', key = ''] = process.argv.slice(2);

const store = await openStore({
  location: JSON.parse(location),
  secretKeys: [Buffer.from(key, 'base64')],
  log: () => undefined,
  now: Date.now,
});
writeSync(1, 'open\n');

if (task === 'write') {
  for (let next = 0; ; next += 5) {
    await Promise.all(
      Array.from({ length: 5 }, async (_, index) => {
        const name = `write ${next + index}`;
        await store.write((db) => settings.set(db, name, 'x'.repeat(500)));
        writeSync(1, `${name}\n`);
      }),
    );
  }
} else {
  if (task === 'claim') {
    const claim = { maxRows: 1000, holdMs: 1500, exceptOrganizations: [] };
    for (const { id, fence } of await store.claim('webhook_deliveries', claim)) {
      writeSync(1, `${id} ${fence}\n`);
    }
  }
  setInterval(() => undefined, 1000);
}
