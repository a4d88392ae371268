import { Alert, Group, Stack, Text } from '@mantine/core';
import { Link, useParams } from '@tanstack/react-router';
import { api } from '../api.ts';
import { BelowLink } from '../ui/below-link.tsx';
import { Facts, Until } from '../ui/facts.tsx';
import { LinkButton } from '../ui/link-button.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Outside } from '../ui/outside.tsx';
import { Page } from '../ui/page.tsx';
import { POLICY_NAMES } from '../ui/policy-select.tsx';
import { Section } from '../ui/section.tsx';
import { ToolList } from '../ui/tool-list.tsx';
import { Change, NewDocument, NewNaming } from './change.tsx';
import { DeleteIntegration } from './delete.tsx';
import type { Integration } from './integrations.tsx';
import { mebibytes } from './source.ts';

/** One integration: what became of its document, and what may be changed. */
export function IntegrationPage() {
  const { integrationId: id } = useParams({ from: '/inside/integrations/$integrationId' });
  const query = api.useQuery('get', '/integration/{id}', { params: { path: { id } } });
  return (
    <BelowLink link={<Link to="/integrations">All integrations</Link>}>
      <Loaded query={query}>
        {(integration) => (
          <Page
            title={<Outside>{integration.name}</Outside>}
            name={integration.name}
            actions={
              <>
                <LinkButton to="/accounts/new" search={{ integration: id }}>
                  Create an account
                </LinkButton>
                <DeleteIntegration integration={integration} />
              </>
            }
          >
            <WhatItIs integration={integration} />
            {integration.naming === 1 && <NewNaming integration={integration} />}
            <Warnings warnings={integration.warnings} />
            <Skipped skipped={integration.skipped} />
            <Tools id={id} />
            <NewDocument integration={integration} />
            <Change key={integration.updated_at} integration={integration} />
          </Page>
        )}
      </Loaded>
    </BelowLink>
  );
}

function WhatItIs({ integration }: { readonly integration: Integration }) {
  const { tool_count: tools, tools_bytes: bytes, tools_tokens: tokens, base_url: url } = integration;
  return (
    <Facts
      facts={[
        ['Tools', String(tools)],
        ...(bytes === null || tokens === null
          ? []
          : [['Size', `${mebibytes(bytes)}, about ${tokens.toLocaleString()} tokens for a language model`] as const]),
        ['Calls', POLICY_NAMES[integration.approval_policy]],
        [
          'URL of the service',
          url === null ? 'none: the document names none that can be used' : <Outside key="url">{url}</Outside>,
        ],
        ['Registered', <Until key="registered" at={integration.created_at} />],
        ['Changed', <Until key="changed" at={integration.updated_at} />],
      ]}
    />
  );
}

function Warnings({ warnings }: Pick<Integration, 'warnings'>) {
  return (
    warnings.length > 0 && (
      <Alert color="orange" variant="outline" title="Tools are harder to use than they could be">
        <ul className="rows">
          {warnings.slice(0, MOST_SHOWN_ROWS).map(({ operation, message }, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the same warning may stand twice
            <li key={at}>
              {operation !== null && (
                <Text size="sm" fw={600}>
                  <Outside>{operation}</Outside>
                </Text>
              )}
              <Text size="sm">
                <Outside>{message}</Outside>
              </Text>
            </li>
          ))}
        </ul>
        {warnings.length > MOST_SHOWN_ROWS && (
          <Text size="sm">{warnings.length - MOST_SHOWN_ROWS} more are in the API’s answer.</Text>
        )}
      </Alert>
    )
  );
}

/** Rows of warnings, and of operations with the same reason, before the rest is a number. */
const MOST_SHOWN_ROWS = 100;

/** The operations that gave no tool, by the reason. */
function Skipped({ skipped }: Pick<Integration, 'skipped'>) {
  if (skipped.length === 0) {
    return null;
  }
  const byReason = [...Map.groupBy(skipped, ({ reason }) => reason)].toSorted(([, a], [, b]) => b.length - a.length);
  return (
    <Section title={`Operations without a tool: ${skipped.length}`}>
      <Stack gap="xs">
        {byReason.slice(0, MOST_SHOWN_ROWS).map(([reason, operations]) => (
          <details key={reason}>
            <summary>
              {operations.length} × <Outside>{reason}</Outside>
            </summary>
            <ul>
              {operations.slice(0, MOST_SHOWN_ROWS).map(({ operation }) => (
                <li key={operation}>
                  <Text size="sm">
                    <Outside>{operation}</Outside>
                  </Text>
                </li>
              ))}
            </ul>
            {operations.length > MOST_SHOWN_ROWS && (
              <Text size="sm">and {operations.length - MOST_SHOWN_ROWS} more</Text>
            )}
          </details>
        ))}
      </Stack>
    </Section>
  );
}

function Tools({ id }: { readonly id: string }) {
  const query = api.useQuery('get', '/integration/{id}/tools', { params: { path: { id } } });
  return (
    <Section title="Tools">
      <Loaded query={query}>
        {({ result }) =>
          result.length === 0 ? (
            <Group>
              <Text size="sm">The document gives no tool.</Text>
            </Group>
          ) : (
            <ToolList tools={result} />
          )
        }
      </Loaded>
    </Section>
  );
}
