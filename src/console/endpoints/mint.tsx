import { Link, useParams } from '@tanstack/react-router';
import { AccountKind } from '../accounts/account-name.tsx';
import { api } from '../api.ts';
import { BelowLink } from '../ui/below-link.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Outside } from '../ui/outside.tsx';
import { Page } from '../ui/page.tsx';
import { EndpointForm } from './form.tsx';
import { Minted } from './minted.tsx';
import { bodyOf, NEW_ENDPOINT } from './values.ts';

/** Mints an endpoint over an account; then shows its token and URL once. */
export function Mint() {
  const { accountId } = useParams({ from: '/inside/endpoints/mint/$accountId' });
  const account = api.useQuery('get', '/integrated-account/{id}', { params: { path: { id: accountId } } });
  const mint = api.useMutation('post', '/integrated-account/{integrated_account_id}/mcp');
  if (mint.data !== undefined) {
    return <Minted endpoint={mint.data} onMore={mint.reset} />;
  }
  return (
    <BelowLink
      link={
        <Link to="/endpoints" search={{ account: accountId }}>
          All endpoints of this account
        </Link>
      }
    >
      <Loaded query={account}>
        {(data) => (
          <Page
            title={
              <>
                Mint an endpoint over <Outside>{data.display_name}</Outside>
              </>
            }
            name={`Mint an endpoint over ${data.display_name}`}
          >
            <AccountKind account={data} />
            <EndpointForm
              account={accountId}
              initial={NEW_ENDPOINT}
              submitText="Mint"
              isSending={mint.isPending}
              error={mint.error}
              onSubmit={(values) =>
                mint.mutate({ params: { path: { integrated_account_id: accountId } }, body: bodyOf(values) })
              }
            />
          </Page>
        )}
      </Loaded>
    </BelowLink>
  );
}
