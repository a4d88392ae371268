import type { ServerAccount } from '../store/accounts.ts';
import * as catalogues from '../store/catalogues.ts';
import * as servers from '../store/servers.ts';
import type { Db } from '../store/store.ts';
import type { Scoped } from '../tools/scope.ts';
import { scopedTool } from '../tools/server-tools.ts';

/** A tool of a server, with what scopes select it by. */
export type ListedTool = Scoped & { readonly definition: catalogues.CataloguedTool['definition'] };

/**
 * The tools that a server's account last listed, in the server's order; null before it ever did. There must be `room` for so
 * many bytes of them.
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
  return tools.map(({ definition }) => ({ definition, ...scopedTool(definition, tags) }));
}

/** Tags are an organization's words for its own servers; null when the server is gone. */
async function tagsOf(db: Db, { organizationId, serverId, isShared }: ServerAccount): Promise<string[] | null> {
  return isShared ? [] : ((await servers.find(db, organizationId, serverId))?.tags ?? null);
}
