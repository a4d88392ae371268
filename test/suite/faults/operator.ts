import type { Json } from '../../support/json.ts';
import {
  everywhere,
  type Fault,
  inAnswers,
  inBody,
  inData,
  inRequests,
  when,
  withBody,
  withoutHeader,
  withQuery,
} from './fault.ts';
import { forgiving, talkative, timeless, unlimited } from './operator-relays.ts';

const ORGANIZATIONS = /^\/admin\/api\/v1\/organizations$/;
const TOKENS = /\/api-tokens$/;
const AUDIT = /^\/admin\/api\/v1\/audit-events/;

const READ = 'every GET: it is answered as documented, be the example there or not';

/** Faults in the Operator API. */
export const OPERATOR_FAULTS: readonly Fault[] = [
  {
    name: 'a list in an object',
    caughtBy: READ,
    plant: inAnswers(
      'GET',
      ORGANIZATIONS,
      inBody((data) => ({ data })),
    ),
  },
  {
    name: 'a 401 without WWW-Authenticate',
    caughtBy: 'every GET: without credentials it is a 401',
    plant: everywhere(withoutHeader('www-authenticate')),
  },
  {
    name: 'errors without help',
    caughtBy: 'every GET: it is answered as documented, be the example there or not',
    plant: everywhere(withoutHeader('link')),
  },
  {
    name: 'malformed JSON is an internal error',
    caughtBy: 'every operation: a body that is not JSON, whole, and an object is refused',
    plant: inAnswers('POST', ORGANIZATIONS, (came) =>
      came.body.includes('json_invalid') ? { ...came, status: 500 } : came,
    ),
  },
  {
    name: 'any media type is taken',
    caughtBy: 'every operation: a body of another media type is a 415',
    plant: inRequests('POST', ORGANIZATIONS, (sent) => ({
      ...sent,
      headers: { ...sent.headers, 'content-type': 'application/json' },
    })),
  },
  {
    name: 'newest first',
    caughtBy: 'listOrganizations: a bare array, oldest first',
    plant: inAnswers(
      'GET',
      ORGANIZATIONS,
      inBody((all) => all.toReversed()),
    ),
  },
  {
    name: 'fields without their place',
    caughtBy: 'createOrganization: what is wrong, missing or unknown is refused by name, and nothing is created',
    plant: inAnswers(
      'POST',
      ORGANIZATIONS,
      when(422, (came) => ({ ...came, body: came.body.replaceAll('"body.', '"') })),
    ),
  },
  {
    name: 'another code',
    caughtBy: 'deleteOrganization: a stale If-Match is a 412, and nothing is deleted',
    plant: everywhere(when(412, (came) => ({ ...came, body: came.body.replace('"conflict"', '"validation_failed"') }))),
  },
  {
    name: 'what is deleted still counts',
    caughtBy: 'getOrganizationUsage: credentials count from when they are made until they are deleted',
    plant: inAnswers(
      'GET',
      /\/usage$/,
      inBody((body) => {
        const { credentials } = body.usage;
        return { ...body, usage: { ...body.usage, credentials: { ...credentials, used: credentials.used && 2 } } };
      }),
    ),
  },
  {
    name: 'a token is told again',
    caughtBy: 'createApiToken: the secret is shown once and listed never, oldest first',
    plant: talkative,
  },
  {
    name: 'a token has its hash',
    caughtBy: 'createApiToken: the secret is shown once and listed never, oldest first',
    plant: inAnswers(
      'GET',
      TOKENS,
      inBody((all) => all.map((token: Json) => ({ ...token, hash: 'x' }))),
    ),
  },
  {
    name: 'credentials may end in the past',
    caughtBy: 'createApiToken: expiresAt is kept as an instant, and must lie ahead',
    plant: timeless,
  },
  {
    name: 'a deleted pair still works',
    across: true,
    caughtBy: 'deleteApiKey: the pair is refused at once, the others are not',
    plant: forgiving(/\/api-keys$/),
  },
  {
    name: 'a deleted token still works',
    across: true,
    caughtBy: 'deleteApiToken: the token is refused at once, the others are not',
    plant: forgiving(/\/api-tokens$/),
  },
  {
    name: 'a pair works past its end',
    across: true,
    caughtBy: 'createApiKey: a pair is refused from expiresAt on',
    plant: unlimited('expiresAt', null),
  },
  {
    name: 'a pair has every permission',
    across: true,
    caughtBy: 'permissions: a pair without approvals changes nothing that runs without a person',
    plant: unlimited('permissions', ['servers', 'approvals']),
  },
  {
    name: 'a token has every permission',
    across: true,
    caughtBy: 'permissions: a token without approvals loosens nothing, and one without accounts reads nothing',
    plant: unlimited('permissions', ['accounts', 'approvals'], TOKENS),
  },
  {
    name: 'the overview leaves out what expires',
    across: true,
    caughtBy: 'getOverview: any pair reads the overview of its organization, and of no other',
    plant: inAnswers(
      'GET',
      /^\/api\/overview$/,
      inData((overview) => ({ ...overview, expiring_credentials: [] })),
    ),
  },
  {
    name: 'a member has fewer permissions than it was given',
    caughtBy: 'createMember: it is listed as it was created, and is gone when it is deleted',
    plant: inAnswers(
      'GET',
      /^\/admin\/api\/v1\/members$/,
      inBody((listed) => listed.map((member: Json) => ({ ...member, permissions: member.permissions.slice(0, 1) }))),
    ),
  },
  {
    name: 'whoever is a member of an organization can be an operator too',
    caughtBy: 'createMember: operator goes with no organization, and nothing goes with it',
    plant: inRequests('POST', /^\/admin\/api\/v1\/members$/, (sent) =>
      withBody(sent, (member) =>
        Array.isArray(member.permissions) && member.permissions.length > 1
          ? { ...member, permissions: member.permissions.filter((word: string) => word !== 'operator') }
          : member,
      ),
    ),
  },
  {
    name: 'the audit log begins with the oldest',
    caughtBy: 'listAuditEvents: every change is there, newest first, by whom and to what',
    plant: inAnswers(
      'GET',
      AUDIT,
      inBody(({ data, nextCursor }) => ({ data: data.toReversed(), nextCursor })),
    ),
  },
  {
    name: 'the cursor is ignored',
    caughtBy: 'listAuditEvents: pages follow the cursor, do not overlap, and do not shift',
    plant: inRequests('GET', AUDIT, (sent) =>
      withQuery(sent, (query) => (query.get('cursor')?.includes('not-a') ? undefined : query.delete('cursor'))),
    ),
  },
  {
    name: 'the audit log forgets deletions',
    caughtBy: 'listAuditEvents: every change is there, newest first, by whom and to what',
    plant: inAnswers(
      'GET',
      AUDIT,
      inBody(({ data, nextCursor }) => ({
        data: data.filter(({ action }: Json) => !action.endsWith('.deleted')),
        nextCursor,
      })),
    ),
  },
];
