import type { BodyMember, BodyPlan, FormMember } from '../tools/types.ts';
import { bytesOf } from './base64.ts';
import { ArgumentError } from './errors.ts';
import { concreteType } from './headers.ts';
import { multipartOf } from './multipart.ts';
import { joinPairs, pairsOf } from './styles.ts';
import type { Arguments } from './types.ts';

/** The bytes of a body and their media type. */
export type Body = { readonly contentType: string; readonly bytes: Buffer };

type Plan<Kind extends BodyPlan['kind']> = Extract<BodyPlan, { kind: Kind }>;

/**
 * Makes the body of a request; null if it has none. `rest` holds the arguments that the plan does not name; if the plan
 * accepts none of them, `rest` must be empty.
 */
export function bodyOf(plan: BodyPlan, args: Arguments, rest: Arguments): Body | null {
  if (plan.kind === 'root') {
    return rootBody(plan, args);
  }
  const isGiven = ({ argument }: BodyMember): boolean => Object.hasOwn(args, argument);
  if (!plan.required && !plan.members.some(isGiven) && Object.keys(rest).length === 0) {
    return null;
  }
  for (const name of Object.keys(rest)) {
    const member = plan.members.find((known) => known.name === name);
    if (member !== undefined) {
      throw new ArgumentError(
        `There is no argument ${JSON.stringify(name)}: it is called ${JSON.stringify(member.argument)}.`,
      );
    }
  }
  switch (plan.kind) {
    case 'json':
      return jsonBody(plan, plan.members.filter(isGiven), args, rest);
    case 'form':
      return formBody(plan, plan.members.filter(isGiven), args, rest);
    case 'multipart': {
      const members = plan.members
        .filter((member) => isGiven(member) && args[member.argument] !== null)
        .map((member) => ({ ...member, value: args[member.argument] }));
      const { boundary, body } = multipartOf(members);
      const [mediaType = ''] = plan.mediaType.split(';');
      return { contentType: `${concreteType(mediaType, 'multipart/form-data')}; boundary=${boundary}`, bytes: body };
    }
  }
}

function rootBody({ mediaType, required, argument, encoding }: Plan<'root'>, args: Arguments): Body | null {
  if (!Object.hasOwn(args, argument)) {
    if (required) {
      throw new ArgumentError(`The argument ${JSON.stringify(argument)} is required: it is the body.`);
    }
    return null;
  }
  const value = args[argument];
  switch (encoding) {
    case 'json':
      return { contentType: concreteType(mediaType, 'application/json'), bytes: Buffer.from(JSON.stringify(value)) };
    case 'base64':
      return { contentType: concreteType(mediaType, 'application/octet-stream'), bytes: bytesOf(argument, value) };
    case 'text':
      if (typeof value !== 'string') {
        throw new ArgumentError(`The argument ${JSON.stringify(argument)} must be a string.`);
      }
      return { contentType: concreteType(mediaType, 'text/plain'), bytes: Buffer.from(value) };
  }
}

function jsonBody({ mediaType }: Plan<'json'>, members: readonly BodyMember[], args: Arguments, rest: Arguments): Body {
  const named = members.map(({ name, argument }) => [name, args[argument]] as const);
  return {
    contentType: concreteType(mediaType, 'application/json'),
    bytes: Buffer.from(JSON.stringify(Object.fromEntries([...named, ...Object.entries(rest)]))),
  };
}

/** What the document does not name is written in the style that it does not have to name. */
const UNNAMED = { style: 'form', explode: true, allowReserved: false };

function formBody({ mediaType }: Plan<'form'>, members: readonly FormMember[], args: Arguments, rest: Arguments): Body {
  const named = members.flatMap((member) => pairsOf(member, args[member.argument]));
  const others = Object.entries(rest).flatMap(([name, value]) => pairsOf({ name, ...UNNAMED }, value));
  return {
    contentType: concreteType(mediaType, 'application/x-www-form-urlencoded'),
    bytes: Buffer.from(joinPairs([...named, ...others])),
  };
}
