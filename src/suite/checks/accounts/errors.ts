import { checks } from '../../check.ts';
import { NONE } from '../../credentials.ts';
import { same } from '../../expect.ts';
import { consistent, createAccount, createdAccount, createdIntegration, nobody, under } from './support.ts';

/** The form of errors. */
export const errorChecks = checks('accounts', {
  'errors: each has its status and the name of that in the envelope': async ({ holder, as, name }) => {
    const integration = await createdIntegration(holder, { name: name('errors') });
    await createAccount(holder, integration);
    const account = await createdAccount(holder, { name: name('errors') });
    const header = { 'If-Match': '"999999999"' };
    const at = holder.pathOf('getAccount', account);
    for (const answer of [
      await holder.send(400, 'createAccount', { text: '{' }),
      await holder.send(400, 'createAccount', { body: {} }),
      await as(NONE).call(401, 'getAccount', { path: account }),
      await holder.call(404, 'getAccount', { path: { id: nobody() } }),
      await holder.sendTo(404, 'GET', `${at}/unheard-of`),
      await holder.sendTo(405, 'PUT', at, { body: {} }),
      await holder.call(409, 'deleteIntegration', { path: { id: integration } }),
      await holder.call(412, 'deleteAccount', { path: account, header }),
      await holder.send(415, 'createAccount', { text: '{}', header: { 'Content-Type': 'text/plain' } }),
    ]) {
      consistent(answer);
    }
  },

  'errors: all mistakes of a request are named together': async ({ holder, name }) => {
    const account = await createdAccount(holder, { name: name('mistakes') });
    const body = { name: '', nickname: 'x', config: { method: ['list'], tags: [] } };
    const answer = await holder.send(400, 'createEndpoint', { path: under(account), body });
    const { details } = answer.json;
    const paths = (details?.failures ?? []).map(({ path }) => path);
    same(answer, 'the paths of the failures', paths.toSorted(), [
      'body.config.method',
      'body.config.tags',
      'body.name',
      'body.nickname',
    ]);
  },
});
