import { SegmentedControl, Stack, Text } from '@mantine/core';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { LinkButton } from '../ui/link-button.tsx';
import { LoadedRows } from '../ui/load-more.tsx';
import { Page } from '../ui/page.tsx';
import { type Account, AccountRow, STATUSES, useAccounts } from './account-name.tsx';

const ALL = 'all';
const SHOWN = [
  { value: ALL, label: 'All' },
  ...Object.entries(STATUSES).map(([value, [text]]) => ({ value, label: text })),
];

/** The accounts of the organization; servers are among them. */
export function Accounts() {
  const { status } = useSearch({ from: '/inside/accounts' });
  const navigate = useNavigate({ from: '/accounts' });
  const accounts = useAccounts(status === undefined ? {} : { status });
  return (
    <Page title="Accounts" actions={<LinkButton to="/accounts/new">Create an account</LinkButton>}>
      <Text>
        An account is one connection to the service of an integration, with its credentials. Servers are accounts too:
        they are changed under Servers.
      </Text>
      <SegmentedControl
        aria-label="Which accounts"
        data={SHOWN}
        value={status ?? ALL}
        onChange={(value) => void navigate({ search: value === ALL ? {} : { status: value as Account['status'] } })}
        className="wrapping"
      />
      <LoadedRows pages={accounts}>
        {(rows) => (
          <Stack gap="xs">
            {rows.length === 0 && <Text>There is none.</Text>}
            {rows.map((account) => (
              <Row key={account.id} account={account} />
            ))}
          </Stack>
        )}
      </LoadedRows>
    </Page>
  );
}

const Row = ({ account }: { readonly account: Account }) => (
  <AccountRow
    account={account}
    link={(name) => (
      <Link to="/accounts/$accountId" params={{ accountId: account.id }}>
        {name}
      </Link>
    )}
  />
);
