import type { ServerAccount } from '../store/accounts.ts';
import * as catalogues from '../store/catalogues.ts';
import * as servers from '../store/servers.ts';
import type { Db } from '../store/store.ts';
import type { Scoped } from '../tools/scope.ts';
import { scopedTool } from '../tools/server-tools.ts';

/** A tool of a server, with the properties that scopes check. */
export type ListedTool = Scoped & catalogues.CataloguedTool;

/**
 * Returns the last seen tools of a server, in its order; null if it has never listed any. Waits for `room` for the
 * bytes.
 */
export async function readListedTools(
  db: Db,
  account: ServerAccount,
  room: (bytes: number) => Promise<void>,
): Promise<ListedTool[] | null> {
  const tags = await tagsOf(db, account);
  const { tools } = await catalogues.find(db, account.serverId, room);
  if (tags === null || tools === null) {
    return null;
  }
  return tools.map(({ definition, hash }) => ({ definition, hash, ...scopedTool(definition, tags) }));
}

/** Returns the tags of an own server, none for a server of the operator, and null if the server is gone. */
async function tagsOf(db: Db, { organizationId, serverId, isShared }: ServerAccount): Promise<string[] | null> {
  return isShared ? [] : ((await servers.find(db, organizationId, serverId))?.tags ?? null);
}
