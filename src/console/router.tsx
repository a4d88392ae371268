import { createRoute, createRouter, redirect } from '@tanstack/react-router';
import { PUBLIC_PATH } from './api.ts';
import { approvalRoutes } from './approvals/routes.tsx';
import { endpointRoutes } from './endpoints/routes.tsx';
import { serverRoutes } from './servers/routes.tsx';
import { sharedServerRoutes } from './shared-servers/routes.tsx';
import { inside, root } from './shell/roots.tsx';
import { ProblemNotice } from './ui/problem.tsx';
import { webhookRoutes } from './webhooks/routes.tsx';
import { welcomeRoutes } from './welcome/routes.tsx';

const start = createRoute({
  getParentRoute: () => inside,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/approvals', search: { status: 'pending', page: 0 } });
  },
});

/** The pages of the console by their addresses. */
export const router = createRouter({
  routeTree: root.addChildren([
    ...welcomeRoutes,
    inside.addChildren([
      start,
      ...approvalRoutes,
      ...endpointRoutes,
      ...serverRoutes,
      ...webhookRoutes,
      ...sharedServerRoutes,
    ]),
  ]),
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
