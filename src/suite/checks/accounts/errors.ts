import { checks } from '../../check.ts';
import { NONE } from '../../credentials.ts';
import { same } from '../../expect.ts';
import {
  ACCOUNTS,
  accountPath,
  consistent,
  createAccount,
  createdAccount,
  createdIntegration,
  type ErrorBody,
  integrationPath,
  nobody,
} from './support.ts';

/** The form of errors. */
export const errorChecks = checks('accounts', {
  'errors: each has its status and the name of that in the envelope': async ({ holder, as, name }) => {
    const integration = await createdIntegration(holder, { name: name('errors') });
    await createAccount(holder, integration);
    const account = await createdAccount(holder, { name: name('errors') });
    const headers = { 'If-Match': '"999999999"' };
    for (const answer of [
      await holder.call(400, 'POST', ACCOUNTS, { text: '{' }),
      await holder.call(400, 'POST', ACCOUNTS, { body: {} }),
      await as(NONE).call(401, 'GET', account),
      await holder.call(404, 'GET', accountPath(nobody())),
      await holder.call(404, 'GET', `${account}/unheard-of`),
      await holder.call(405, 'PUT', account, { body: {} }),
      await holder.call(409, 'DELETE', integrationPath(integration)),
      await holder.call(412, 'DELETE', account, { headers }),
      await holder.call(415, 'POST', ACCOUNTS, { text: '{}', headers: { 'Content-Type': 'text/plain' } }),
    ]) {
      consistent(answer);
    }
  },

  'errors: all mistakes of a request are named together': async ({ holder, name }) => {
    const account = await createdAccount(holder, { name: name('mistakes') });
    const body = { name: '', nickname: 'x', config: { method: ['list'], tags: [] } };
    const answer = await holder.call(400, 'POST', `${account}/mcp`, { body });
    const { details } = answer.json as ErrorBody;
    const paths = (details?.failures ?? []).map(({ path }) => path);
    same(answer, 'the paths of the failures', paths.toSorted(), [
      'body.config.method',
      'body.config.tags',
      'body.name',
      'body.nickname',
    ]);
  },
});
