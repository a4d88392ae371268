import type { CallToolResult } from '@modelcontextprotocol/client';
import type { NotApproved } from '../approvals/admission.ts';
import { approvalRequestId } from '../audit/wire.ts';
import { formatInstant } from '../base/instants.ts';
import type { ApprovalRequest } from '../store/approval-requests.ts';

/** The member of `_meta` that describes the approval request of a call. */
const APPROVAL = 'gatehouse/approval';

/** The URL of the page of an approval request. It holds no secret. */
export const approvalUrl = (publicUrl: string, { id }: ApprovalRequest): string =>
  `${publicUrl}/console/approvals/${approvalRequestId(id)}`;

/** The description of an approval request in `_meta` of a result. */
export const approvalMeta = (publicUrl: string, request: ApprovalRequest) => ({
  [APPROVAL]: {
    id: approvalRequestId(request.id),
    status: request.status,
    expires_at: request.expiresAt,
    url: approvalUrl(publicUrl, request),
  },
});

/** The result of a call that was not sent, because no person has approved it. It says what to do next. */
export function unapprovedResult(publicUrl: string, { request, ...said }: NotApproved): CallToolResult {
  const { status } = request;
  const reason = 'reason' in said && said.reason !== null ? `, and says: ${said.reason}` : '.';
  const text =
    status === 'denied' ? `A person has denied this call${reason}` : textOf(request, approvalUrl(publicUrl, request));
  return {
    content: [{ type: 'text', text }],
    isError: true,
    _meta: approvalMeta(publicUrl, request),
  };
}

function textOf({ status, approvalPolicy, expiresAt }: ApprovalRequest, url: string): string {
  switch (status) {
    case 'pending':
      return `A person must approve this call (approval_policy ${approvalPolicy}). It was not sent. The decision is made at ${url} until ${formatInstant(expiresAt)}. Then call again with the same arguments.`;
    case 'used':
      return 'Another call with the same arguments has used the approval of a person, which is valid for one call. This call was not sent. If you need it too, call again.';
    case 'outdated':
      return 'Something has changed while this call waited for a person, such as the definition of the tool or the policy. It was not sent. Call again to ask anew.';
    default:
      return 'No person has answered in time, so this call was not sent. Call again with the same arguments to ask anew.';
  }
}
