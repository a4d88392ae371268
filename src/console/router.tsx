import { createRouter } from '@tanstack/react-router';
import { accountRoutes } from './accounts/routes.tsx';
import { PUBLIC_PATH } from './api.ts';
import { approvalRoutes } from './approvals/routes.tsx';
import { auditRoutes } from './audit/routes.tsx';
import { endpointRoutes } from './endpoints/routes.tsx';
import { integrationRoutes } from './integrations/routes.tsx';
import { organizationRoutes } from './organizations/routes.tsx';
import { overviewRoutes } from './overview/routes.tsx';
import { serverRoutes } from './servers/routes.tsx';
import { sharedServerRoutes } from './shared-servers/routes.tsx';
import { inside, root } from './shell/roots.tsx';
import { tryRoutes } from './try/routes.tsx';
import { ProblemNotice } from './ui/problem.tsx';
import { webhookRoutes } from './webhooks/routes.tsx';
import { welcomeRoutes } from './welcome/routes.tsx';

/** The pages of the console by their addresses. */
export const router = createRouter({
  routeTree: root.addChildren([
    ...welcomeRoutes,
    inside.addChildren([
      ...overviewRoutes,
      ...approvalRoutes,
      ...serverRoutes,
      ...endpointRoutes,
      ...integrationRoutes,
      ...accountRoutes,
      ...webhookRoutes,
      ...sharedServerRoutes,
      ...organizationRoutes,
      ...auditRoutes,
      ...tryRoutes,
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
