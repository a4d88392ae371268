import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import type { Schemas } from '../api.ts';
import { inside, pageIn } from '../shell/roots.tsx';

type Status = Schemas['ApprovalRequestStatus'];
const STATUSES: readonly Status[] = ['pending', 'approved', 'used', 'denied', 'expired', 'outdated'];

const inbox = createRoute({
  getParentRoute: () => inside,
  path: '/approvals',
  validateSearch: (search): { status: Status; page: number } => ({
    status: STATUSES.find((status) => status === search.status) ?? 'pending',
    page: pageIn(search),
  }),
  component: lazyRouteComponent(() => import('./inbox.tsx'), 'Inbox'),
});
const request = createRoute({
  getParentRoute: () => inside,
  path: '/approvals/$approvalRequestId',
  component: lazyRouteComponent(() => import('./request.tsx'), 'ApprovalRequest'),
});

/** The pages about calls that wait for a person. */
export const approvalRoutes = [inbox, request] as const;
