import type { BodyPlan } from './types.ts';

/** Returns the arguments that a body is made of, without those that only its `rest` takes. */
export function bodyArgumentsOf(body: BodyPlan | undefined): readonly string[] {
  if (body === undefined) {
    return [];
  }
  if (body.kind === 'root') {
    return [body.argument];
  }
  const holder = body.kind === 'json' ? undefined : body.argument;
  return holder === undefined ? body.members.map(({ argument }) => argument) : [holder];
}
