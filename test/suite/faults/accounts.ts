import { forgetful, promiscuous, remembering, talkative } from './accounts-relays.ts';
import {
  everywhere,
  type Fault,
  inAnswers,
  inBody,
  inRequests,
  inResult,
  when,
  withBody,
  withJson,
  withoutHeader,
} from './fault.ts';

const INTEGRATIONS = /^\/integration(?:\?|$)/;
const INTEGRATION = /^\/integration\/[^/?]+$/;
const TOOLS = /\/tools(?:\?|$)/;
const ACCOUNTS = /^\/integrated-account(?:\?|$)/;
const ACCOUNT_TOOLS = /^\/integrated-account\/[^/?]+\/tools(?:\?|$)/;

const ACCOUNT_APPROVALS = /^\/integrated-account\/[^/?]+\/tool-approvals$/;
const ACCOUNT_APPROVAL = /^\/integrated-account\/([^/?]+)\/tool-approvals\/[^/?]+$/;

const USELESS = 'createIntegration: a document that is of no use is refused, and the answer says why and where';

/** Faults in integrations, accounts and errors. */
export const ACCOUNT_FAULTS: readonly Fault[] = [
  {
    name: 'a 401 without WWW-Authenticate',
    caughtBy: 'every GET: without credentials it is a 401',
    plant: everywhere(withoutHeader('www-authenticate')),
  },
  {
    name: 'what yields no tool is not listed',
    caughtBy: 'createIntegration: a name and a document are enough, the rest has the documented defaults',
    plant: inAnswers(
      'POST',
      INTEGRATIONS,
      inBody((json) => ({ ...json, skipped: [] })),
    ),
  },
  {
    name: 'names in the plural',
    caughtBy: 'createIntegration: names and tools follow from paths and verbs',
    plant: inAnswers(
      'GET',
      TOOLS,
      inResult((result) => result.map((tool) => ({ ...tool, name: tool.name.replace(/_pet(?=_|$)/, '_pets') }))),
    ),
  },
  {
    name: 'Swagger 2.0 is taken for OpenAPI',
    caughtBy: USELESS,
    plant: inRequests('POST', INTEGRATIONS, (sent) =>
      withBody(sent, ({ document, ...body }) => ({
        ...body,
        document: document?.swagger === undefined ? document : { ...document, swagger: undefined, openapi: '3.0.3' },
      })),
    ),
  },
  {
    name: 'tool_tags do not change',
    caughtBy: 'updateIntegration: a field that is sent alone changes, and no other does',
    plant: inRequests('PATCH', INTEGRATION, (sent) => withBody(sent, ({ tool_tags: _, ...body }) => body)),
  },
  {
    name: 'an integration is deleted under its accounts',
    caughtBy: 'deleteIntegration: with accounts it is a 409, without them it is gone, for every operation',
    plant: inAnswers(
      'DELETE',
      INTEGRATION,
      when(409, (came) => withJson(came, 200, { id: '1ba1f401-7183-47c5-9e39-e8e257e3c795' })),
    ),
  },
  {
    name: 'the verb GET is taken for the method get',
    caughtBy: 'listIntegrationTools, listAccountTools: methods and tags select, and both must',
    plant: inRequests('GET', TOOLS, (sent) => ({ ...sent, path: sent.path.replace('methods=GET', 'methods=get') })),
  },
  {
    name: 'the tools that are left out are not named',
    caughtBy: 'listAccountTools: tools that the account has no credential for are left out, and the reason is said',
    plant: inAnswers(
      'GET',
      ACCOUNT_TOOLS,
      inBody((json) => ({ ...json, left_out: [] })),
    ),
  },
  {
    name: 'a tool approval of an account never expires',
    caughtBy: 'addAccountToolApproval: an approval with an end is listed as expired from then on, and can be renewed',
    plant: inAnswers(
      'GET',
      ACCOUNT_APPROVALS,
      inResult((result) => result.map((one) => ({ ...one, expired: false }))),
    ),
  },
  {
    name: 'a revoked tool approval of an account can be revoked again',
    caughtBy: 'removeAccountToolApproval: what is revoked is gone, and cannot be revoked again',
    plant: inAnswers('DELETE', ACCOUNT_APPROVAL, (came, { path }) => {
      const integrated_account_id = ACCOUNT_APPROVAL.exec(path)?.[1];
      return came.status === 404 ? withJson(came, 200, { integrated_account_id, tool_name: 'x', deleted: true }) : came;
    }),
  },
  {
    name: 'credentials for security schemes are not looked at',
    caughtBy: 'createAccount: credentials for security schemes are checked against the document, by name',
    plant: inRequests('POST', ACCOUNTS, (sent) =>
      withBody(sent, (body) =>
        body.authentication_method === 'schemes' ? { ...body, authentication_method: 'none', context: {} } : body,
      ),
    ),
  },
  {
    name: 'credentials are told in a list',
    caughtBy: 'createAccount: every authentication method is taken with its credentials, which are never answered',
    plant: talkative,
  },
  {
    name: 'PATCH replaces the context',
    caughtBy: 'updateAccount: context is merged key by key, and nothing else changes',
    plant: forgetful,
  },
  {
    name: 'the endpoints of a deleted account can be read',
    caughtBy: 'deleteAccount: what is gone is gone, with its endpoints',
    plant: remembering,
  },
  {
    name: "another organization's things can be read",
    caughtBy: "every operation: another organization's integration, account and endpoint do not exist",
    plant: promiscuous,
  },
  {
    name: 'statusCode is another than the status',
    caughtBy: 'errors: each has its status and the name of that in the envelope',
    plant: everywhere(
      when(412, (came) => ({ ...came, body: came.body.replace('"statusCode":412', '"statusCode":409') })),
    ),
  },
];
