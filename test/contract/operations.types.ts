/**
 * What the compiler refuses: these lines are the specification of `src/contract/operations.ts`. Checked by
 * `npm run typecheck`, which fails when a line marked as an error is none.
 */
import type { Handler, Handlers } from '../../src/contract/operations.ts';

const organization = { id: 'org', name: 'x', createdAt: '', updatedAt: '' };
const headers = { Location: '/x', ETag: '"1"' };

export const right: Handler<'createOrganization'> = ({ body }, respond) =>
  respond(201, { ...organization, name: body.name }, headers);

export const rightLater: Handler<'listOrganizations'> = async (_input, respond) => respond(200, [organization]);

// @ts-expect-error an operation without a handler
export const missing: Handlers<'getOrganization' | 'listOrganizations'> = { listOrganizations: rightLater };

export const extra: Handlers<'listOrganizations'> = {
  listOrganizations: rightLater,
  // @ts-expect-error a handler without an operation
  listNothing: rightLater,
};

// @ts-expect-error an operation that is not in the document
export type Unknown = Handler<'listNothing'>;

// @ts-expect-error a status that is not documented
export const status: Handler<'createOrganization'> = (_input, respond) => respond(200, organization, headers);

export const wrongType: Handler<'createOrganization'> = (_input, respond) =>
  // @ts-expect-error a body of the wrong type
  respond(201, { ...organization, name: 1 }, headers);

export const tooMuch: Handler<'createOrganization'> = (_input, respond) =>
  // @ts-expect-error a property that is not documented
  respond(201, { id: '', name: '', createdAt: '', updatedAt: '', serverCount: 1 }, headers);

export const wrongConst: Handler<'deleteOrganization'> = ({ params }, respond) =>
  // @ts-expect-error a value other than the documented constant
  respond(200, { id: params.org_id, deleted: false });

export const noHeaders: Handler<'createOrganization'> = (_input, respond) =>
  // @ts-expect-error headers that are documented and not given
  respond(201, organization);

export const wrongHeader: Handler<'createOrganization'> = (_input, respond) =>
  // @ts-expect-error a header that is not documented
  respond(201, organization, { ...headers, 'X-Other': '1' });

const saved = {
  data: null as never,
  reload: { status: 'reloaded', message: 'Saved and reloaded.', error: null },
} as const;

export const optionalHeader: Handler<'createSharedServer'> = ({ headers: { prefer } }, respond) =>
  prefer === undefined
    ? respond(201, saved, headers)
    : respond(201, saved, { ...headers, 'Preference-Applied': 'handling=lenient' });

export const onlyOptionalHeader: Handler<'createSharedServer'> = (_input, respond) =>
  // @ts-expect-error the headers that may not be left out
  respond(201, saved, { 'Preference-Applied': 'handling=lenient' });

export const undefinedHeader: Handler<'createSharedServer'> = ({ headers: { prefer } }, respond) =>
  // @ts-expect-error a header that is there without a value
  respond(201, saved, { ...headers, 'Preference-Applied': prefer });

export const wrongParameter: Handler<'deleteOrganization'> = ({ params }, respond) =>
  // @ts-expect-error a path parameter that is not documented
  respond(200, { id: params.organizationId, deleted: true });

export const readOnly: Handler<'createMcpServer'> = ({ body }, respond) => {
  // @ts-expect-error a property that only the server sets
  void body.created_at;
  return respond(201, null as never, headers);
};

// @ts-expect-error no answer
export const silent: Handler<'listOrganizations'> = () => undefined;

// @ts-expect-error the answer of another operation
export const other: Handler<'listOrganizations'> = async (input, _respond) => right(input as never, null as never);
