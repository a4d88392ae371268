import type { ServerAccount } from '../store/accounts.ts';
import * as catalogues from '../store/catalogues.ts';
import * as servers from '../store/servers.ts';
import type { Db } from '../store/store.ts';
import type { Scoped } from '../tools/scope.ts';
import { scopedTool } from '../tools/server-tools.ts';

/** A tool of a server, with what scopes select it by. */
export type ListedTool = Scoped & { readonly definition: catalogues.CataloguedTool['definition'] };

/** The tools that a server's account last listed, in the server's order; null before it ever did. */
export async function listedTools(
  db: Db,
  { organizationId, serverId }: Pick<ServerAccount, 'organizationId' | 'serverId'>,
): Promise<ListedTool[] | null> {
  const server = await servers.find(db, organizationId, serverId);
  const { tools } = await catalogues.find(db, serverId);
  if (server === null || tools === null) {
    return null;
  }
  return tools.map(({ definition }) => ({ definition, ...scopedTool(definition, server.tags) }));
}
