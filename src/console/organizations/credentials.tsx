import { Badge, Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { type ReactNode, useState } from 'react';
import { visibleText } from '../../base/visible-text.ts';
import { ConfirmButton } from '../ui/confirm-button.tsx';
import { ShownOnce } from '../ui/copyable.tsx';
import { Instant } from '../ui/instant.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { useNow } from '../ui/now.ts';
import { Outside } from '../ui/outside.tsx';
import { Section } from '../ui/section.tsx';
import { CreateCredential, type NewCredential } from './create-credential.tsx';

type Credential<P extends string> = {
  readonly id: string;
  readonly name: string;
  readonly permissions: readonly P[];
  readonly prefix: string;
  readonly expiresAt: string | null;
  readonly lastUsedAt: string | null;
  readonly createdAt: string;
};

type CredentialsProps<P extends string> = {
  readonly kind: 'API token' | 'key pair';
  /** The things that such credentials open, and how programs send them. */
  readonly use: string;
  readonly query: {
    readonly data: readonly Credential<P>[] | undefined;
    readonly error: unknown;
    readonly refetch: () => Promise<unknown>;
  };
  /** Each permission, and the consequence of it. */
  readonly permissions: Readonly<Record<P, string>>;
  readonly firstPermission: P;
  /** Creates credentials, and returns the secrets to show. */
  readonly onCreate: (credential: NewCredential<P>) => Promise<ReactNode>;
  readonly onDelete: (id: string) => Promise<unknown>;
};

/** Credentials of one kind: the list, and the ways to make new ones and to delete one. */
export function Credentials<P extends string>({ kind, use, query, onDelete, ...creating }: CredentialsProps<P>) {
  const [isOpen, { open, close }] = useDisclosure();
  const [secrets, setSecrets] = useState<ReactNode>(null);
  const finish = () => {
    close();
    setSecrets(null);
  };
  return (
    <Section
      title={kind === 'API token' ? 'API tokens' : 'Key pairs'}
      actions={
        <Button size="compact-md" variant="default" onClick={open}>
          New {kind}
        </Button>
      }
    >
      <Text size="sm" mb="xs">
        {use}
      </Text>
      <Modal
        opened={isOpen}
        onClose={finish}
        title={`New ${kind}`}
        // A click beside the dialog must not close it: the server shows the secret only once.
        closeOnClickOutside={secrets === null}
      >
        {secrets === null ? (
          <CreateCredential {...creating} onCreated={setSecrets} />
        ) : (
          <Stack>
            <ShownOnce title={`The new ${kind}`}>{secrets}</ShownOnce>
            <Button onClick={finish}>I have kept it</Button>
          </Stack>
        )}
      </Modal>
      <Loaded query={query}>
        {(rows) => (
          <>
            {rows.length === 0 && <Text size="sm">There is none.</Text>}
            {rows.map((credential) => (
              <Row key={credential.id} kind={kind} credential={credential} onDelete={onDelete} />
            ))}
          </>
        )}
      </Loaded>
    </Section>
  );
}

type RowProps = {
  readonly kind: string;
  readonly credential: Credential<string>;
  readonly onDelete: (id: string) => Promise<unknown>;
};

function Row({ kind, credential: { id, name, permissions, prefix, ...times }, onDelete }: RowProps) {
  const { expiresAt, lastUsedAt, createdAt } = times;
  const isOver = useNow() >= (expiresAt === null ? Number.POSITIVE_INFINITY : Date.parse(expiresAt));
  return (
    <Group justify="space-between" align="flex-start" gap="xs" py="xs" className="ruled">
      <Stack gap={4} className="grows">
        <Group gap="xs">
          <Text span fw={600}>
            <Outside>{name}</Outside>
          </Text>
          {permissions.map((permission) => (
            <Badge key={permission} variant="light">
              {permission}
            </Badge>
          ))}
          {isOver && <Badge color="red">expired</Badge>}
        </Group>
        <Text size="sm">
          begins with <Outside>{prefix}</Outside>; created <Instant at={createdAt} />;{' '}
          {lastUsedAt === null ? (
            'never used'
          ) : (
            <>
              last used <Instant at={lastUsedAt} />
            </>
          )}
          ;{' '}
          {expiresAt === null ? (
            'never expires'
          ) : (
            <>
              {isOver ? 'expired' : 'expires'} <Instant at={expiresAt} />
            </>
          )}
        </Text>
      </Stack>
      <ConfirmButton
        action="Delete"
        name={`Delete ${kind} ${visibleText(name)}`}
        title={`Delete the ${kind} ${visibleText(name)}?`}
        size="compact-sm"
        onConfirm={() => onDelete(id)}
      >
        <Text>
          Programs that use it are refused at once, and people who have signed in with it are signed out. Endpoints that
          were made with it remain.
        </Text>
      </ConfirmButton>
    </Group>
  );
}
