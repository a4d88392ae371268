import { Alert, Badge, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { client, type Schemas } from '../api.ts';
import { Differences } from '../ui/differences.tsx';
import { parseExactly } from '../ui/exact-json.ts';
import { type Fact, Facts, Until } from '../ui/facts.tsx';
import { Instant, WholeInstant } from '../ui/instant.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Outside, OutsideLines } from '../ui/outside.tsx';
import { Page } from '../ui/page.tsx';
import { Section } from '../ui/section.tsx';
import { Decide } from './decide.tsx';
import { REASONS, STATUS_COLOURS, type WholeRequest } from './facts.ts';

/** Milliseconds between two looks for the end of a call that was sent. */
const OUTCOME_POLL_MS = 2_000;

/** One request: who asks, for which tool, with which arguments; and the decision. */
export function ApprovalRequest() {
  const { approvalRequestId } = useParams({ from: '/inside/approvals/$approvalRequestId' });
  const query = useQuery({
    queryKey: ['get', '/api/approval-requests/{approvalRequestId}', approvalRequestId],
    queryFn: async ({ signal }) => {
      // As text: numbers of the arguments are shown as the call will send them.
      const { data = '' } = await client.GET('/api/approval-requests/{approvalRequestId}', {
        params: { path: { approvalRequestId } },
        parseAs: 'text',
        signal,
      });
      return parseExactly<Schemas['ApprovalRequestAnswer']>(data).data;
    },
    // No event tells the end of the call.
    refetchInterval: ({ state: { data } }) =>
      data?.status === 'used' && data.outcome === null ? OUTCOME_POLL_MS : false,
  });
  return (
    <Loaded query={query}>
      {(request) => (
        <Page
          title={
            <>
              <Outside>{request.tool_name}</Outside> of <Outside>{request.server_name}</Outside>
            </>
          }
          name={`Approve ${request.tool_name}?`}
          actions={<Badge color={STATUS_COLOURS[request.status]}>{request.status}</Badge>}
        >
          <Text>{REASONS[request.reason]}</Text>
          <Definition request={request} />
          <Section title="Arguments">
            <OutsideLines>{argumentsText(request)}</OutsideLines>
          </Section>
          <Facts facts={factsOf(request)} />
          {request.unseen_rounds > 0 && (
            <Alert color="orange" variant="outline" title="Not seen by an approver">
              The client has answered the server {request.unseen_rounds} times while the call ran.
            </Alert>
          )}
          {request.status === 'pending' && <Decide request={request} />}
        </Page>
      )}
    </Loaded>
  );
}

function argumentsText(request: WholeRequest): string {
  if (request.arguments !== undefined) {
    return JSON.stringify(request.arguments, null, 2);
  }
  return request.arguments_bytes === 0 ? 'The call has no arguments.' : 'The arguments have been erased.';
}

/** What the tool says of itself; first what has changed since a person has decided about it. */
function Definition({ request: { definition, pinned_definition: pinned } }: { readonly request: WholeRequest }) {
  const { description } = definition;
  return (
    <>
      {pinned !== undefined && (
        <Alert
          color="orange"
          variant="outline"
          title="The server has changed this tool since a person decided about it"
        >
          <Differences before={pinned} after={definition} />
        </Alert>
      )}
      <Section title="The tool, in its server’s words">
        {typeof description === 'string' && description !== '' ? (
          <OutsideLines>{description}</OutsideLines>
        ) : (
          <Text size="sm">The server does not describe it.</Text>
        )}
        <details>
          <summary>Whole definition</summary>
          <OutsideLines>{JSON.stringify(definition, null, 2)}</OutsideLines>
        </details>
      </Section>
    </>
  );
}

function factsOf(request: WholeRequest): readonly Fact[] {
  const approvals = request.decisions.filter(({ decision }) => decision === 'approve').length;
  return [
    [
      'Client',
      request.client === null ? (
        'does not say'
      ) : (
        <Outside key="client">{`${request.client.name} ${request.client.version}`}</Outside>
      ),
    ],
    [
      'Waits now',
      request.client_waiting ? 'Yes: the call continues as soon as it is approved.' : 'No: the client asks again.',
    ],
    ['Endpoint', <Outside key="endpoint">{request.endpoint.name}</Outside>],
    ['Policy', request.approval_policy],
    ['Asked', <WholeInstant key="asked" at={request.created_at} />],
    [
      request.status === 'pending' ? 'Decide until' : 'Was to be decided until',
      <Until key="until" at={request.expires_at} />,
    ],
    ['Approvals', `${approvals} of ${request.required_approvals}`],
    ...(request.usable_until === null
      ? []
      : [['Usable until', <Until key="usable" at={request.usable_until} />] as const]),
    ...(request.used_at === null ? [] : [['Sent', <Until key="used" at={request.used_at} />] as const]),
    ...(request.outcome === null ? [] : [['Outcome', request.outcome] as const]),
    ...request.decisions.map(
      ({ decision, by, at, reason }) =>
        [
          decision === 'approve' ? 'Approved' : 'Denied',
          <span key={at}>
            by <Outside>{by.name}</Outside>, <Instant at={at} />
            {reason !== null && (
              <>
                : <Outside>{reason}</Outside>
              </>
            )}
          </span>,
        ] as const,
    ),
    [
      'Arguments',
      <Outside key="digest">{`${request.arguments_bytes} bytes, SHA-256 ${request.arguments_digest}`}</Outside>,
    ],
    ['Definition', <Outside key="hash">{`SHA-256 ${request.definition_hash}`}</Outside>],
  ];
}
