import { hash } from 'node:crypto';
import { canonicalJson } from '../base/canonical-json.ts';
import type { ApprovalRule } from '../contract/approval-policies.ts';
import type { ApprovalPolicy, ApprovalReason } from '../contract/closed-words.ts';
import type { ApprovalBinding } from '../store/approval-states.ts';
import { type ApprovalSource, versionsOf } from '../store/approval-versions.ts';
import type { Db } from '../store/store.ts';

type Members = Readonly<Record<string, unknown>>;

/** A call that must wait for a person: everything that an approval is bound to, and that a person sees. */
export type ExactCall = {
  readonly organizationId: string;
  readonly endpoint: { readonly id: string; readonly name: string };
  readonly accountId: string;
  /** A UUID; null for an account of an integration. */
  readonly serverId: string | null;
  /** The name of the server, or of the integration. */
  readonly serverName: string;
  /** The program that asks, as it names itself. */
  readonly client: { readonly name: string; readonly version: string } | null;
  /** The definition as the source gives it now, and its hash by `hashDefinition`. */
  readonly definition: Members;
  readonly definitionHash: string;
  /** The arguments, with numbers as written: absent, null and `{}` are three things. */
  readonly args: Members | null | undefined;
  /** The arguments as `writeArguments` writes them. */
  readonly written: WrittenArguments;
  readonly policy: ApprovalPolicy;
  /** How many different approvers must approve it. */
  readonly requiredApprovals: number;
  readonly reason: ApprovalReason;
};

/** The arguments of a call in the forms that are kept. */
export type WrittenArguments = {
  /** The JSON of an object with the member `arguments`, or without it for a call that has none. */
  readonly sealed: string;
  readonly digest: string;
  /** The size as JSON; 0 for a call without arguments. */
  readonly bytes: number;
};

/** Writes the arguments of a call. The digest does not depend on the order of keys, so that a model can call again. */
export function writeArguments(args: ExactCall['args']): WrittenArguments {
  const text = args === undefined ? '' : JSON.stringify(args);
  return {
    sealed: args === undefined ? '{}' : `{"arguments":${text}}`,
    digest: sha256(args === undefined ? '' : canonicalJson(args)),
    bytes: Buffer.byteLength(text),
  };
}

/** The name of a tool as it is kept and searched for: PostgreSQL stores neither NUL nor half surrogates. */
export const keptToolName = (name: unknown): string => String(name).replaceAll('\0', '\ufffd').toWellFormed();

/** The hash of an exact call without its definition and version: a changed call replaces its own older requests. */
export const callHashOf = ({ organizationId, endpoint, accountId, definition }: ExactCall, digest: string): string =>
  sha256(canonicalJson([organizationId, endpoint.id, accountId, definition.name, digest]));

/** The source of the tool of a call, whose versions count. */
export const sourceOf = ({ organizationId, endpoint, accountId, serverId, definition }: ExactCall): ApprovalSource => ({
  organizationId,
  endpointId: endpoint.id,
  accountId,
  serverId,
  toolName: keptToolName(definition.name),
});

/**
 * Returns the hash of everything else that a decision depends on, as it is in the transaction: the policy that holds the
 * call back, the number of approvals that it needs, and the versions of endpoint, account, server or integration, and tool approval. Null if any is gone.
 */
export async function decisionVersionOf(
  db: Db,
  source: ApprovalSource,
  { policy, requiredApprovals }: ApprovalRule,
  now: number,
): Promise<string | null> {
  const versions = await versionsOf(db, source, now);
  return versions && sha256(canonicalJson([policy, requiredApprovals, ...versions]));
}

/** Whether two bindings are of the same call, and nothing has changed between them. */
export const isSameBinding = (
  a: Omit<ApprovalBinding, 'callHash' | 'argumentsDigest'>,
  b: Omit<ApprovalBinding, 'callHash' | 'argumentsDigest'>,
): boolean => a.definitionHash === b.definitionHash && a.decisionVersion === b.decisionVersion;

const sha256 = (text: string): string => hash('sha256', text, 'hex');
