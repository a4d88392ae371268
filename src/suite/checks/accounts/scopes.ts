import type { components } from '../../../../generated/api.ts';
import type { Caller } from '../../caller.ts';
import { checks } from '../../check.ts';
import { holds, same } from '../../expect.ts';
import type { Sent } from '../../questions.ts';
import { PETS } from './documents.ts';
import {
  createdAccount,
  createdAccountOf,
  createdEndpoint,
  createdIntegration,
  createEndpoint,
  read,
  refused,
  under,
} from './support.ts';

const TAGGED = { document: PETS, tool_tags: { pets: ['crm', 'api'] } };

/** Checks that a scope lets through no tool: the answer says what there is to choose from. */
async function refusedAsEmpty(holder: Caller, id: 'createEndpoint' | 'updateEndpoint', sent: Sent): Promise<void> {
  const answer = await holder.send(400, id, sent);
  const { message } = answer.json;
  const named = ['swap_pet', 'history'].every((word) => message.includes(word));
  holds(answer, named, 'a message that names the available methods and tags', message);
}

/** The scope of an endpoint. */
export const scopeChecks = checks('accounts', {
  'createEndpoint, updateEndpoint: config is kept word by word': async ({ holder, name }) => {
    const account = await createdAccount(holder, { name: name('verbatim'), ...TAGGED });
    const configs: readonly components['schemas']['EndpointConfig'][] = [
      { methods: ['GET', 'POST', 'READ', 'DOWNLAOD'], tags: ['api', 'webhook', 'custom'] },
      { tags: ['crm', 'crm', ' Größe '], methods: ['List', 'list', 'swap_Pet'] },
      { methods: ['custom'], require_api_token_auth: true },
      { require_api_token_auth: false },
      { tool_exposure: 'discovery', methods: ['read'] },
      { tool_exposure: 'all' },
    ];
    for (const config of configs) {
      const created = await createEndpoint(holder, account, { name: name('verbatim'), config });
      same(created, 'config', created.json.config, config);
      const path = await createdEndpoint(holder, account, { name: name('verbatim') });
      const patched = await holder.call(200, 'updateEndpoint', { path, body: { config } });
      same(patched, 'config', patched.json.config, config);
      const again = await holder.call(200, 'getEndpoint', { path });
      same(again, 'config', again.json.config, config);
    }
  },

  'updateEndpoint: config is merged key by key: what is left out stays, null clears': async ({ holder, name }) => {
    const account = await createdAccount(holder, { name: name('merge'), ...TAGGED });
    const config = { methods: ['read'], tags: ['crm', 'history'], require_api_token_auth: true };
    const path = await createdEndpoint(holder, account, { name: name('merge'), config });
    const steps: readonly [sent: object, then: object][] = [
      [{}, config],
      [{ methods: ['list'] }, { ...config, methods: ['list'] }],
      [{ tags: ['crm'] }, { ...config, methods: ['list'], tags: ['crm'] }],
      [{ require_api_token_auth: false }, { methods: ['list'], tags: ['crm'], require_api_token_auth: false }],
      [{ methods: null }, { tags: ['crm'], require_api_token_auth: false }],
      [{}, { tags: ['crm'], require_api_token_auth: false }],
      [
        { tags: null, methods: ['write'] },
        { methods: ['write'], require_api_token_auth: false },
      ],
      [{ tags: null, require_api_token_auth: null }, { methods: ['write'] }],
      [{ tool_exposure: 'discovery' }, { methods: ['write'], tool_exposure: 'discovery' }],
      [{ tool_exposure: null }, { methods: ['write'] }],
      [{ methods: null }, {}],
    ];
    for (const [sent, then] of steps) {
      const answer = await holder.call(200, 'updateEndpoint', { path, body: { config: sent } });
      same(answer, 'config', answer.json.config, then);
    }
    const cleared = await createEndpoint(holder, account, {
      name: name('null'),
      config: { methods: null, tags: null },
    });
    same(cleared, 'config', cleared.json.config, {});
  },

  'createEndpoint, updateEndpoint: a scope that is empty, wrong or misspelt never means everything': async ({
    holder,
    name,
  }) => {
    const account = await createdAccount(holder, { name: name('misspelt'), ...TAGGED });
    const path = await createdEndpoint(holder, account, { name: name('scoped'), config: { methods: ['list'] } });
    const before = await read(holder, 'endpoint', path);
    const wrong: Record<string, readonly unknown[]> = {
      methods: [[], [''], [1], 'list', {}, ['m'.repeat(129)], [null]],
      tags: [[], [''], [1], 'crm', {}, ['t'.repeat(129)], [null]],
      require_api_token_auth: ['true', 1],
      tool_exposure: ['none', 'Discovery', '', true, ['discovery']],
      method: [['list']],
      Methods: [['list']],
      mehtods: [['list']],
      tag: [['crm']],
      scope: [{ methods: ['list'] }],
      requireApiTokenAuth: [true],
    };
    for (const [key, values] of Object.entries(wrong)) {
      for (const value of values) {
        const body = { name: name('refused'), config: { [key]: value } };
        await refused(holder, 'createEndpoint', { path: under(account), body }, key);
        await refused(holder, 'updateEndpoint', { path, body }, key);
      }
    }
    for (const [key, meant] of Object.entries({ mehtods: 'methods', tag: 'tags', requireApiTokenAuth: 'api_token' })) {
      const body = { name: name('refused'), config: { [key]: ['list'] } };
      await refused(holder, 'createEndpoint', { path: under(account), body }, key, meant);
    }
    const list = await holder.call(200, 'listEndpoints', { path: under(account) });
    same(list, 'the one endpoint as it was:', list.json.result, [before]);
  },

  'createEndpoint, updateEndpoint: a scope that no tool passes is refused, and says what there is': async ({
    holder,
    name,
  }) => {
    const account = await createdAccount(holder, { name: name('nothing'), ...TAGGED });
    const path = await createdEndpoint(holder, account, { name: name('scoped'), config: { methods: ['create'] } });
    const before = await read(holder, 'endpoint', path);
    const configs = [
      { methods: ['DOWNLAOD'] },
      { methods: ['post'] },
      { tags: ['nothing-like-it'] },
      { methods: ['create'], tags: ['history'] },
    ];
    for (const config of configs) {
      await refusedAsEmpty(holder, 'createEndpoint', { path: under(account), body: { name: name('nothing'), config } });
      await refusedAsEmpty(holder, 'updateEndpoint', { path, body: { name: name('nothing'), config } });
    }
    // Both of them pass a tool, but the methods that stay do not pass these tags.
    await refusedAsEmpty(holder, 'updateEndpoint', { path, body: { config: { tags: ['history'] } } });
    const list = await holder.call(200, 'listEndpoints', { path: under(account) });
    same(list, 'the one endpoint as it was:', list.json.result, [before]);
  },

  'updateEndpoint: a scope that no tool passes any more hinders no other change': async ({ holder, name }) => {
    const integration = await createdIntegration(holder, { name: name('emptied'), ...TAGGED });
    const account = await createdAccountOf(holder, integration);
    const path = await createdEndpoint(holder, account, { name: name('emptied'), config: { tags: ['crm'] } });
    await holder.call(200, 'updateIntegration', { path: { id: integration }, body: { tool_tags: {} } });
    const body = { name: name('renamed'), config: {}, expires_at: null };
    const answer = await holder.call(200, 'updateEndpoint', { path, body });
    const { name: named, config } = answer.json;
    same(answer, 'name and config', [named, config], [name('renamed'), { tags: ['crm'] }]);
    await refusedAsEmpty(holder, 'updateEndpoint', { path, body: { config: { methods: ['list'] } } });
  },
});
