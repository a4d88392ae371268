import type { components } from '../../../../generated/api.ts';
import type { Answer, Caller } from '../../caller.ts';
import { type Check, type Context, checks } from '../../check.ts';
import { holds, same } from '../../expect.ts';
import type { Sent } from '../../questions.ts';
import {
  absent,
  create,
  created,
  dataOf,
  disabled,
  impossible,
  LENIENT,
  listed,
  NOBODY,
  read,
  reference,
  reloadOf,
  type Saved,
} from './shared-support.ts';

type Failed = components['schemas']['ReloadFailedBody'];

/** Sends a request that must fail with `reload_failed`, and returns the answer. */
export async function failed(
  operator: Caller,
  id: 'createSharedServer' | 'updateSharedServer',
  sent: Sent,
): Promise<Failed & { answer: Answer }> {
  const answer = await operator.send(500, id, sent);
  const { error, reload } = answer.json as Partial<Failed>;
  same(answer, 'the code', error?.code, 'reload_failed');
  holds(answer, error !== undefined && reload !== undefined, 'what came of the reload, beside the error', answer.json);
  same(answer, 'the status of the reload', reload.status, 'reload_failed');
  same(answer, 'the error of the reload', reload.error, error.details.reason);
  return { error, reload, answer };
}

/** Checks of what the running gateway does at once. */
const liveChecks = (runs: Readonly<Record<string, (context: Context) => Promise<void>>>): Check[] =>
  checks('operator', runs).map(({ run, ...check }) => ({
    ...check,
    run: async (context) => {
      await context.deployment.requireLiveReload();
      await run(context);
    },
  }));

/** The reports about the running gateway in the answers to changes of a server. */
export const reloadChecks = liveChecks({
  'createSharedServer: one that is only not there is saved, and the reload says why': async ({ operator, name }) => {
    const secret = name('secret-header');
    const answer = await create(operator, absent(name('absent'), { headers: { Authorization: secret } }));
    const { status, error } = reloadOf(answer);
    same(answer, 'the status of the reload', status, 'reloaded');
    holds(answer, error !== null && !error.includes(secret), 'an error without any header', error);
    await read(operator, { mcp_id: dataOf(answer).id });
  },

  'createSharedServer: one that cannot work is a 500 reload_failed, and nothing is saved': async ({
    operator,
    deployment,
    name,
  }) => {
    await deployment.requireProcesses();
    const mcpServer = { ...impossible(name('unusable')), env: { SECRET: name('secret-env') } };
    const body = { name: name('unusable'), mcpServer };
    for (const header of [{}, { Prefer: 'return=minimal, handling=strict' }]) {
      const { answer } = await failed(operator, 'createSharedServer', { body, header });
      holds(answer, !answer.text.includes(name('secret-env')), 'an answer without any variable', answer.json);
      const { answer: list, own } = await listed(operator, [name('unusable')]);
      for (const { id } of own) {
        // Nobody else knows that it was made.
        await operator.attempt('deleteSharedServer', { path: { mcp_id: id } });
      }
      same(list, 'no servers', own, []);
    }
  },

  'createSharedServer, updateSharedServer: Prefer: handling=lenient saves what cannot work, and says so': async ({
    operator,
    deployment,
    name,
  }) => {
    await deployment.requireProcesses();
    const saved = (answer: Answer<Saved>) => {
      same(answer, 'Preference-Applied', answer.headers.get('Preference-Applied'), 'handling=lenient');
      const { status, error } = reloadOf(answer);
      same(answer, 'the status of the reload', status, 'reloaded');
      holds(answer, error !== null, 'why it cannot be used', error);
    };
    const mcpServer = impossible(name('lenient'));
    const body = { name: name('lenient'), mcpServer };
    const answer = await operator.call(201, 'createSharedServer', { body, header: LENIENT });
    saved(answer);
    const path = { mcp_id: dataOf(answer).id };
    same(answer, 'the server as it is read:', dataOf(answer), await read(operator, path));
    const headers = { Prefer: 'respond-async, Handling="lenient"; wait=1' };
    const other = { ...impossible(name('lenient-other')), args: ['--other'] };
    const changed = await operator.call(200, 'updateSharedServer', {
      path,
      body: { mcpServer: other },
      header: headers,
    });
    saved(changed);
    same(changed, 'the server as it is read:', dataOf(changed), await read(operator, path));
  },

  'updateSharedServer: a change to what cannot work is a 500 reload_failed, and all is as it was': async ({
    operator,
    deployment,
    name,
  }) => {
    await deployment.requireProcesses();
    const [used, unused] = [
      await created(operator, absent(name('used'))),
      await created(operator, { ...disabled(name('unused')), mcpServer: impossible(name('unused')) }),
    ];
    for (const [path, change] of [
      [used, { mcpServer: impossible(name('used')) }],
      [unused, { enabled: true }],
    ] as const) {
      const before = await operator.call(200, 'getSharedServer', { path });
      await failed(operator, 'updateSharedServer', { path, body: { name: name('sneaked'), ...change } });
      const after = await operator.call(200, 'getSharedServer', { path });
      same(after, 'the server as it was:', after.json, before.json);
      same(after, 'the ETag', after.headers.get('ETag'), before.headers.get('ETag'));
    }
  },

  'createSharedServer, updateSharedServer: a variable that no process has is saved for a restart, and named': async ({
    operator,
    deployment,
    name,
  }) => {
    const variable = name('nowhere').replaceAll('-', '_').toUpperCase();
    const waits = (answer: Answer<Saved>) => {
      const { status, message, error } = reloadOf(answer);
      same(answer, 'the status and the error of the reload', [status, error], ['restart_required', null]);
      holds(answer, message.includes(variable), `a message that names ${variable}`, message);
    };
    const config = { headers: { Authorization: `Bearer ${reference(variable)}` } };
    const answer = await create(operator, absent(name('waits'), config));
    waits(answer);
    const path = { mcp_id: dataOf(answer).id };
    same(answer, 'the server as it is read:', dataOf(answer), await read(operator, path));
    same(answer, 'headers, as they were sent,', dataOf(answer).mcpServer.headers, config.headers);
    waits(await operator.call(200, 'updateSharedServer', { path, body: { name: name('waits-renamed') } }));
    const known = { name: name('waits'), url: NOBODY };
    const right = await operator.call(200, 'updateSharedServer', { path, body: { mcpServer: known } });
    same(right, 'the status of the reload', reloadOf(right).status, 'reloaded');
    await deployment.requireProcesses();
    const mcpServer = {
      name: name('waits'),
      transport: 'stdio' as const,
      command: reference(variable),
      args: [reference(variable)],
    };
    waits(await operator.call(200, 'updateSharedServer', { path, body: { mcpServer } }));
  },

  'createSharedServer, updateSharedServer: what is disabled is not brought up': async ({
    operator,
    deployment,
    name,
  }) => {
    await deployment.requireProcesses();
    const unusable = { ...disabled(name('disabled')), mcpServer: impossible(name('disabled')) };
    const answer = await create(operator, unusable);
    same(answer, 'reload', [reloadOf(answer).status, reloadOf(answer).error], ['reloaded', null]);
    const path = { mcp_id: dataOf(answer).id };
    const mcpServer = { name: name('disabled'), url: NOBODY };
    for (const body of [{ mcpServer }, { name: name('disabled-renamed') }]) {
      const changed = await operator.call(200, 'updateSharedServer', { path, body });
      same(changed, 'reload', [reloadOf(changed).status, reloadOf(changed).error], ['reloaded', null]);
    }
    await operator.call(200, 'updateSharedServer', { path, body: { enabled: true } });
    const off = await operator.call(200, 'updateSharedServer', { path, body: { enabled: false } });
    same(off, 'reload', [reloadOf(off).status, reloadOf(off).error], ['reloaded', null]);
  },
});
