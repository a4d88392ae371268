import { Button, Group, Tabs, Text } from '@mantine/core';
import { Fragment } from 'react';
import { clientSetups } from '../../gateway/client-setups.ts';
import type { Schemas } from '../api.ts';
import { Copyable, ShownOnce } from '../ui/copyable.tsx';
import { LinkButton } from '../ui/link-button.tsx';
import { Outside } from '../ui/outside.tsx';
import { Page } from '../ui/page.tsx';
import { Section } from '../ui/section.tsx';
import { ExpiryBadge } from './scope.tsx';

type MintedProps = {
  readonly endpoint: Schemas['CreatedEndpoint'];
  /** Goes back to an empty form. */
  readonly onMore: () => void;
};

/** A new endpoint: its secrets, and how clients are told of it. */
export function Minted({ endpoint, onMore }: MintedProps) {
  const { name, url, token, integrated_account_id: account, expires_at: expiresAt } = endpoint;
  const setups = clientSetups(endpoint);
  return (
    <Page
      title={
        <>
          <Outside>{name}</Outside> is minted
        </>
      }
      name={`${name} is minted`}
      actions={<ExpiryBadge at={expiresAt} />}
    >
      <ShownOnce title="The URL is a secret">
        <Text size="sm">Whoever has the URL, or the token, can call its tools.</Text>
        <Copyable label="URL" value={url} />
        <Copyable label="Token" value={token} />
      </ShownOnce>
      <Section title="Add it to a client">
        <Tabs defaultValue={setups[0]?.id ?? null} keepMounted={false}>
          <Tabs.List>
            {setups.map(({ id, client }) => (
              <Tabs.Tab key={id} value={id}>
                {client}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {setups.map(({ id, client, how, text }) => (
            <Tabs.Panel key={id} value={id} pt="sm">
              <Text size="sm" mb="xs">
                <WithCode text={how} />
              </Text>
              {text !== null && <Copyable label={`Configuration for ${client}`} value={text} />}
            </Tabs.Panel>
          ))}
        </Tabs>
        <Group gap="xs" mt="sm">
          {/* No attribute of the page holds the token: what scans a page for links finds none. */}
          <Button variant="default" size="compact-sm" onClick={() => open(url, '_blank', 'noopener,noreferrer')}>
            Open the page of the URL
          </Button>
          <Text size="sm">It has buttons that add the endpoint to Cursor and VS Code.</Text>
        </Group>
      </Section>
      <Group>
        <LinkButton to="/endpoints" search={{ account }}>
          I have copied it
        </LinkButton>
        <Button variant="default" onClick={onMore}>
          Mint another
        </Button>
      </Group>
    </Page>
  );
}

/** A sentence whose parts between backticks are code. */
const WithCode = ({ text }: { readonly text: string }) => (
  <>
    {text.split('`').map((part, at) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: parts stand in a fixed order
      <Fragment key={at}>{at % 2 === 1 ? <code>{part}</code> : part}</Fragment>
    ))}
  </>
);
