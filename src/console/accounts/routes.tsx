import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { inside } from '../shell/roots.tsx';
import type { Account } from './account-name.tsx';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const STATUSES: readonly Account['status'][] = ['active', 'needs_reauth', 'validation_error'];

const list = createRoute({
  getParentRoute: () => inside,
  path: '/accounts',
  validateSearch: (search): { status?: Account['status'] } => {
    const status = STATUSES.find((known) => known === search.status);
    return status === undefined ? {} : { status };
  },
  component: lazyRouteComponent(() => import('./accounts.tsx'), 'Accounts'),
});
const create = createRoute({
  getParentRoute: () => inside,
  path: '/accounts/new',
  validateSearch: ({ integration }): { integration?: string } =>
    typeof integration === 'string' && UUID.test(integration) ? { integration } : {},
  component: lazyRouteComponent(() => import('./create.tsx'), 'CreateAccount'),
});
const account = createRoute({
  getParentRoute: () => inside,
  path: '/accounts/$accountId',
  component: lazyRouteComponent(() => import('./account.tsx'), 'AccountPage'),
});

/** The pages about accounts, which are connections to services. */
export const accountRoutes = [list, create, account] as const;
