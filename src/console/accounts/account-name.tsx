import { Badge, Group, Paper, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { api, type Schemas } from '../api.ts';
import { BY_CURSOR } from '../ui/load-more.tsx';
import { Outside } from '../ui/outside.tsx';
import { PAGE_ROWS } from '../ui/page-pager.tsx';

/** Anything with tools: a connection to a service, or a server. */
export type Account = Schemas['Account'];

/** The statuses, as people read them, with their colours. */
export const STATUSES: Readonly<Record<Account['status'], readonly [text: string, colour: string]>> = {
  active: ['active', 'green'],
  needs_reauth: ['credentials refused', 'red'],
  validation_error: ['needs credentials', 'orange'],
};

/** Whether an account is a server, which the Servers API or the operator changes. */
export const isServer = ({ environment_integration_id: integration }: Account): boolean => integration === null;

/** The accounts of the organization, newest first, in pages. */
export const useAccounts = (filter: { readonly status?: Account['status'] } = {}) =>
  api.useInfiniteQuery('get', '/integrated-account', { params: { query: { limit: PAGE_ROWS, ...filter } } }, BY_CURSOR);

/** The status of an account. */
export const AccountStatus = ({ status }: Pick<Account, 'status'>) => (
  <Badge color={STATUSES[status][1]}>{STATUSES[status][0]}</Badge>
);

/** The kind of an account, and whose it is. */
export function AccountKind({ account }: { readonly account: Account }) {
  const { integration, tenant_id: tenant } = account;
  return (
    <Group gap={4}>
      <Text size="sm">
        {isServer(account) ? (
          'A server'
        ) : (
          <>
            Integration <Outside>{integration.name}</Outside>
          </>
        )}
        {tenant !== null && (
          <>
            , tenant <Outside>{tenant}</Outside>
          </>
        )}
      </Text>
    </Group>
  );
}

/** One account of a list; `link` leads from its name to a page about it. */
export const AccountRow = ({
  account,
  link,
}: {
  readonly account: Account;
  readonly link: (name: ReactNode) => ReactNode;
}) => (
  <Paper withBorder p="sm">
    <Group justify="space-between" gap="xs">
      <Stack gap={2} className="grows">
        {link(
          <Text span fw={600}>
            <Outside>{account.display_name}</Outside>
          </Text>,
        )}
        <AccountKind account={account} />
      </Stack>
      <AccountStatus status={account.status} />
    </Group>
  </Paper>
);
