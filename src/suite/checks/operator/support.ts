import type { components } from '../../../../generated/api.ts';
import type { Answer, Caller } from '../../caller.ts';
import { holds } from '../../expect.ts';
import type { OperationWith, Sent } from '../../questions.ts';

type Schemas = components['schemas'];
export type ErrorBody = Schemas['OperatorErrorBody'];

/** The parameters of the path to an organization. */
export type Path = { readonly org_id: string };

/** The path of an organization that does not exist. */
export const NOWHERE: Path = { org_id: `org_${'0'.repeat(27)}` };

/** Creates an organization. */
export const create = (operator: Caller, name: string) => operator.call(201, 'createOrganization', { body: { name } });

/** Creates an organization and returns its path. */
export const created = async (operator: Caller, name: string): Promise<Path> => ({
  org_id: (await create(operator, name)).json.id,
});

/** Creates a key pair of the organization at a path. */
export const createdPair = async (operator: Caller, path: Path, body: Schemas['ApiKeyCreate']) =>
  (await operator.call(201, 'createApiKey', { path, body })).json;

/** Creates an API token of the organization at a path. */
export const createdToken = async (operator: Caller, path: Path, body: Schemas['ApiTokenCreate']) =>
  (await operator.call(201, 'createApiToken', { path, body })).json;

/**
 * Sends a request that must be refused with a status and a code and, if a field is given, with an error of that field.
 */
export async function refused(
  operator: Caller,
  [status, code]: readonly [number, ErrorBody['error']['code']],
  id: OperationWith<'OperatorError'>,
  sent: Sent = {},
  field?: string,
): Promise<Answer> {
  const answer = await operator.send(status, id, sent);
  const error = requireCode(answer, code);
  const fields = (error.fieldErrors ?? []).map((mistake) => mistake.field);
  holds(answer, field === undefined || fields.includes(field), `a field error of ${field}`, fields);
  return answer;
}

/** Checks the code of an error, and returns the error. */
export function requireCode(answer: Answer, code: ErrorBody['error']['code']): ErrorBody['error'] {
  const { error } = answer.json as ErrorBody;
  holds(answer, error.code === code, `code ${code}`, error.code);
  return error;
}

/** Returns the codes and messages of an error's mistakes in a field. */
export const mistakesOf = ({ json }: Answer, field: string) =>
  ((json as ErrorBody).error.fieldErrors ?? []).filter((mistake) => mistake.field === field);

export const INVALID = [422, 'validation_failed'] as const;
export const MISSING = [404, 'not_found'] as const;
