import { isDeepStrictEqual } from 'node:util';
import type { components } from '../../../../generated/api.ts';
import type { Caller } from '../../caller.ts';
import { checks } from '../../check.ts';
import { holds, same } from '../../expect.ts';
import { failed } from './reloads.ts';
import {
  absent,
  created,
  disabled,
  impossible,
  listed,
  type Path,
  type Reload,
  read,
  reference,
  reloadOf,
} from './shared-support.ts';

type Schemas = components['schemas'];
type Status = Schemas['RuntimeStatus'];
type State = Schemas['RuntimeServer']['state'];

/** Times that are looked at what changes by itself, and milliseconds between two looks. */
const MAX_CHECKS = 100;
const PAUSE_MS = 50;

const statusOf = async (operator: Caller) => {
  const answer = await operator.call(200, 'getRuntimeStatus');
  return { answer, status: answer.json };
};

/** How the server at a path is; undefined when it is not there. */
const serverIn = ({ servers }: Status, path: Path) => servers.find(({ id }) => id === path.mcp_id);

/** Looks until the server at a path has a state, and answers how it is then. */
async function becomes(operator: Caller, path: Path, state: State) {
  for (let looks = 1; ; looks++) {
    const { answer, status } = await statusOf(operator);
    const server = serverIn(status, path);
    if (server?.state === state) {
      return { answer, server };
    }
    holds(answer, looks < MAX_CHECKS, `the state ${state}`, server?.state ?? 'none');
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** checkSharedServerTools. */
const toolChecks = checks('operator', {
  'checkSharedServerTools: of a server that cannot be asked it says why, and never fails': async ({
    operator,
    deployment,
    name,
  }) => {
    const secret = name('secret-header');
    const variable = name('tools').replaceAll('-', '_').toUpperCase();
    for (const body of [
      absent(name('tools'), { headers: { Authorization: secret } }),
      disabled(name('tools-disabled'), { headers: { Authorization: secret } }),
      absent(name('tools-variable'), { headers: { Authorization: secret, 'X-Key': reference(variable) } }),
      { ...disabled(name('tools-unusable')), mcpServer: { ...impossible(name('tools-unusable')), env: { A: secret } } },
    ]) {
      if ('command' in body.mcpServer) {
        await deployment.requireProcesses();
      }
      const path = await created(operator, body);
      const before = await read(operator, path);
      const answer = await operator.call(200, 'checkSharedServerTools', { path });
      const { ok, details, error } = answer.json;
      same(answer, 'ok and details', [ok, details], [false, null]);
      holds(answer, error !== null && !error.includes(secret), 'an error without any header or variable', error);
      const after = await operator.call(200, 'getSharedServer', { path });
      same(after, 'the server as it was:', after.json, before);
    }
  },
});

/** getRuntimeStatus. */
const statusChecks = checks('operator', {
  'getRuntimeStatus: every server is there, oldest first, until it is deleted': async ({ operator, name }) => {
    const paths = [
      await created(operator, disabled(name('status-b'))),
      await created(operator, absent(name('status-a'))),
      await created(operator, disabled(name('status-b'))),
    ] as const;
    const { all } = await listed(operator, []);
    const ids = paths.map(({ mcp_id }) => mcp_id);
    const order = all.map(({ id }) => id).filter((id) => ids.includes(id));
    const { answer, status } = await statusOf(operator);
    const own = status.servers.filter(({ id }) => ids.includes(id));
    same(
      answer,
      'the new servers',
      own.map(({ id }) => id),
      order,
    );
    const slugs = [name('status-a'), name('status-b'), `${name('status-b')}-2`];
    same(answer, 'their slugs', own.map(({ slug }) => slug).toSorted(), slugs);
    const [gone] = paths;
    await operator.call(200, 'deleteSharedServer', { path: gone });
    const after = await statusOf(operator);
    same(after.answer, 'a server that is gone', serverIn(after.status, gone), undefined);
  },

  'getRuntimeStatus: a server is unreachable or disabled when it is, and the reason is told': async ({
    operator,
    name,
  }) => {
    const secret = name('secret-header');
    const path = await created(operator, disabled(name('state'), { headers: { Authorization: secret } }));
    const shown = async (state: State) => {
      const { answer, server } = await becomes(operator, path, state);
      const { slug, toolCount, protocolVersion, lastError } = server;
      same(
        answer,
        'the slug, the tools and the protocol',
        [slug, toolCount, protocolVersion],
        [name('state'), null, null],
      );
      holds(answer, !answer.text.includes(secret), 'a status without any header', 'a header');
      return { answer, lastError };
    };
    await shown('disabled');
    await operator.call(200, 'updateSharedServer', { path, body: { enabled: true } });
    const { answer, lastError } = await shown('unreachable');
    holds(answer, lastError !== null, 'why it is not reached', lastError);
    await operator.call(200, 'updateSharedServer', { path, body: { enabled: false } });
    await shown('disabled');
  },

  'getRuntimeStatus: what came of the last change is there, also of one that failed': async ({
    operator,
    deployment,
    name,
  }) => {
    await deployment.requireLiveReload();
    await deployment.requireProcesses();
    const unusable = { name: name('last-unusable'), mcpServer: impossible(name('last-unusable')) };
    const path = await created(operator, absent(name('last')));
    const changes = [
      async () => (await failed(operator, 'createSharedServer', { body: unusable })).reload,
      async (time: number) => {
        const body = { name: name(`last-${time}`) };
        return reloadOf(await operator.call(200, 'updateSharedServer', { path, body }));
      },
      async () =>
        (await failed(operator, 'updateSharedServer', { path, body: { mcpServer: impossible(name('last')) } })).reload,
    ];
    for (const change of changes) {
      await isLast(operator, change);
    }
  },
});

/** Checks that what a change answers is the last that the status knows of; again when somebody else was faster. */
async function isLast(operator: Caller, change: (time: number) => Promise<Reload>): Promise<void> {
  for (let looks = 1; ; looks++) {
    const { status, message, error } = await change(looks);
    const { answer, status: after } = await statusOf(operator);
    const came = [after.lastStatus, after.lastMessage, after.lastError];
    if (isDeepStrictEqual(came, [status, message, error]) || looks === MAX_CHECKS) {
      same(answer, 'the last status, message and error', came, [status, message, error]);
      holds(answer, after.lastReloadedAt !== null, 'when it was', null);
      return;
    }
    // Others that change servers all the time, such as further runs of this suite, would be faster each time.
    await new Promise((resolve) => setTimeout(resolve, Math.random() * looks * PAUSE_MS));
  }
}

/** The runtime status for the operator. */
export const runtimeChecks = [...toolChecks, ...statusChecks];
