import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router';
import { PUBLIC_PATH, queries, type Schemas } from './api.ts';
import { sessionOptions } from './session.ts';
import { NotFound } from './shell/not-found.tsx';
import { Shell } from './shell/shell.tsx';
import { ProblemNotice } from './ui/problem.tsx';

const root = createRootRoute({ notFoundComponent: NotFound });

const welcome = createRoute({
  getParentRoute: () => root,
  path: '/welcome',
  validateSearch: (search): { return_to?: string } =>
    typeof search.return_to === 'string' ? { return_to: search.return_to } : {},
  component: lazyRouteComponent(() => import('./welcome/welcome.tsx'), 'Welcome'),
});

/** The pages of people who are signed in. */
const inside = createRoute({
  getParentRoute: () => root,
  id: 'inside',
  component: Shell,
  beforeLoad: async ({ location }) => {
    if ((await queries.ensureQueryData(sessionOptions)) === null) {
      const { href } = location;
      throw redirect({ to: '/welcome', search: href === '/' ? {} : { return_to: href } });
    }
  },
});

const start = createRoute({
  getParentRoute: () => inside,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/approvals', search: { status: 'pending', page: 0 } });
  },
});

type Status = Schemas['ApprovalRequestStatus'];
const STATUSES: readonly Status[] = ['pending', 'approved', 'used', 'denied', 'expired', 'outdated'];

const approvals = createRoute({
  getParentRoute: () => inside,
  path: '/approvals',
  validateSearch: (search): { status: Status; page: number } => ({
    status: STATUSES.find((status) => status === search.status) ?? 'pending',
    page: typeof search.page === 'number' && Number.isInteger(search.page) && search.page > 0 ? search.page : 0,
  }),
  component: lazyRouteComponent(() => import('./approvals/inbox.tsx'), 'Inbox'),
});
const approval = createRoute({
  getParentRoute: () => inside,
  path: '/approvals/$approvalRequestId',
  component: lazyRouteComponent(() => import('./approvals/request.tsx'), 'ApprovalRequest'),
});

/** The pages of the console by their addresses. */
export const router = createRouter({
  routeTree: root.addChildren([welcome, inside.addChildren([start, approvals, approval])]),
  basepath: `${PUBLIC_PATH}/console`,
  defaultPreload: 'intent',
  defaultErrorComponent: ({ error }) => <ProblemNotice error={error} />,
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
