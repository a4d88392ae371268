import { isObject } from '../base/is-object.ts';
import type { BodyMember, BodyPlan, FormMember, MultipartMember } from '../tools/types.ts';
import { requireArguments } from './arguments.ts';
import { bytesOf } from './base64.ts';
import { ArgumentError } from './errors.ts';
import { concreteType } from './headers.ts';
import { multipartOf } from './multipart.ts';
import { joinPairs, type Pair, pairsOf } from './styles.ts';
import type { Arguments } from './types.ts';

/** The bytes of a body and their media type. */
export type Body = { readonly contentType: string; readonly bytes: Buffer };

type Plan<Kind extends BodyPlan['kind']> = Extract<BodyPlan, { kind: Kind }>;

/**
 * Makes the body of a request; null if it has none. `rest` holds the arguments that the plan does not name; if the plan
 * accepts none of them, `rest` must be empty. Throws an ArgumentError for a body that lacks required members.
 */
export function bodyOf(plan: BodyPlan, args: Arguments, rest: Arguments): Body | null {
  if (plan.kind === 'root') {
    return rootBody(plan, args);
  }
  if (plan.kind !== 'json' && plan.argument !== undefined) {
    return heldBody(plan, plan.argument, args);
  }
  const given = plan.members.filter(({ argument }) => Object.hasOwn(args, argument));
  if (!plan.required && given.length === 0 && Object.keys(rest).length === 0) {
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
  requireArguments(plan.requiredMembers ?? [], args);
  return write(plan, args, rest);
}

/** Writes the members of a body that are given, and the rest. */
function write(plan: Exclude<BodyPlan, { kind: 'root' }>, args: Arguments, rest: Arguments): Body {
  const isGiven = ({ argument }: BodyMember): boolean => Object.hasOwn(args, argument);
  switch (plan.kind) {
    case 'json':
      return jsonBody(plan, plan.members.filter(isGiven), args, rest);
    case 'form':
      return formBody(plan, plan.members.filter(isGiven), args, rest);
    case 'multipart':
      return multipartBody(plan, plan.members.filter(isGiven), args, rest);
  }
}

/** The members of the body are those of one argument. */
function heldBody(plan: Plan<'form'> | Plan<'multipart'>, holder: string, args: Arguments): Body | null {
  if (!Object.hasOwn(args, holder)) {
    return null;
  }
  const held = args[holder];
  if (!isObject(held)) {
    throw new ArgumentError(`The argument ${JSON.stringify(holder)} must be an object: its members are the form.`);
  }
  const named = new Set(plan.members.map(({ argument }) => argument));
  return write(plan, held, Object.fromEntries(Object.entries(held).filter(([name]) => !named.has(name))));
}

function rootBody({ mediaType, argument, encoding }: Plan<'root'>, args: Arguments): Body | null {
  if (!Object.hasOwn(args, argument)) {
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
const UNNAMED = { style: 'form', explode: true, allowReserved: false, objectsAsJson: true };

function formBody({ mediaType }: Plan<'form'>, members: readonly FormMember[], args: Arguments, rest: Arguments): Body {
  const named = members.flatMap((member) => formPairs(member, args[member.argument]));
  const others = Object.entries(rest).flatMap(([name, value]) => formPairs({ name, ...UNNAMED }, value));
  return {
    contentType: concreteType(mediaType, 'application/x-www-form-urlencoded'),
    bytes: Buffer.from(joinPairs([...named, ...others])),
  };
}

const formPairs = (member: Omit<FormMember, 'argument'>, value: unknown): Pair[] =>
  pairsOf(
    member.objectsAsJson === true && isObject(value) ? { ...member, mediaType: 'application/json' } : member,
    value,
  );

function multipartBody(
  plan: Plan<'multipart'>,
  members: readonly MultipartMember[],
  args: Arguments,
  rest: Arguments,
): Body {
  const named = members.map((member) => ({ ...member, value: args[member.argument] }));
  const others = Object.entries(rest).map(([name, value]) => ({ argument: name, name, ...unnamedPart(value), value }));
  const { boundary, body } = multipartOf([...named, ...others].filter(({ value }) => value !== null));
  const [mediaType = ''] = plan.mediaType.split(';');
  return { contentType: `${concreteType(mediaType, 'multipart/form-data')}; boundary=${boundary}`, bytes: body };
}

/** As for a member whose schema says nothing: lists are several parts, objects are JSON. */
function unnamedPart(value: unknown): Pick<MultipartMember, 'mediaType' | 'encoding' | 'many'> {
  const isJson = [value].flat().some((item) => isObject(item) || Array.isArray(item));
  return isJson
    ? { mediaType: 'application/json', encoding: 'json', many: true }
    : { mediaType: 'text/plain', encoding: 'text', many: true };
}
