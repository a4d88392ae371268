import type { components } from '../../../../generated/api.ts';
import type { Answer, Caller, Sent } from '../../caller.ts';
import { holds } from '../../expect.ts';

type Schemas = components['schemas'];
export type Organization = Schemas['Organization'];
export type OrganizationUsage = Schemas['OrganizationUsage'];
export type CreatedApiKey = Schemas['CreatedApiKey'];
export type CreatedApiToken = Schemas['CreatedApiToken'];
export type ErrorBody = Schemas['OperatorErrorBody'];

export const ORGANIZATIONS = '/admin/api/v1/organizations';

/** The path of an organization that does not exist. */
export const NOWHERE = `${ORGANIZATIONS}/org_${'0'.repeat(27)}`;

export const organizationPath = (id: string): string => `${ORGANIZATIONS}/${id}`;

/** Creates an organization. */
export const create = (operator: Caller, name: string): Promise<Answer> =>
  operator.call(201, 'POST', ORGANIZATIONS, { body: { name } });

/** Creates an organization and returns its path. */
export const created = async (operator: Caller, name: string): Promise<string> =>
  organizationPath(((await create(operator, name)).json as Organization).id);

/** Creates a key pair of the organization at a path. */
export const createdPair = async (operator: Caller, path: string, body: object): Promise<CreatedApiKey> =>
  (await operator.call(201, 'POST', `${path}/api-keys`, { body })).json as CreatedApiKey;

/** Creates an API token of the organization at a path. */
export const createdToken = async (
  operator: Caller,
  path: string,
  name: string,
  permissions?: readonly string[],
): Promise<CreatedApiToken> =>
  (await operator.call(201, 'POST', `${path}/api-tokens`, { body: { name, permissions } })).json as CreatedApiToken;

/**
 * Sends a request that must be refused with a status and a code and, if a field is given, with an error of that field.
 */
export async function refused(
  operator: Caller,
  [status, code]: readonly [number, ErrorBody['error']['code']],
  method: string,
  path: string,
  sent: Sent = {},
  field?: string,
): Promise<Answer> {
  const answer = await operator.call(status, method, path, sent);
  const { error } = answer.json as ErrorBody;
  holds(answer, error.code === code, `code ${code}`, error.code);
  const fields = (error.fieldErrors ?? []).map((mistake) => mistake.field);
  holds(answer, field === undefined || fields.includes(field), `a field error of ${field}`, fields);
  return answer;
}

/** Returns the codes and messages of an error's mistakes in a field. */
export const mistakesOf = ({ json }: Answer, field: string) =>
  ((json as ErrorBody).error.fieldErrors ?? []).filter((mistake) => mistake.field === field);

export const INVALID = [422, 'validation_failed'] as const;
export const MISSING = [404, 'not_found'] as const;
