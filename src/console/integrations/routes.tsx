import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { inside } from '../shell/roots.tsx';

const list = createRoute({
  getParentRoute: () => inside,
  path: '/integrations',
  component: lazyRouteComponent(() => import('./integrations.tsx'), 'Integrations'),
});
const register = createRoute({
  getParentRoute: () => inside,
  path: '/integrations/new',
  component: lazyRouteComponent(() => import('./register.tsx'), 'Register'),
});
const integration = createRoute({
  getParentRoute: () => inside,
  path: '/integrations/$integrationId',
  component: lazyRouteComponent(() => import('./integration.tsx'), 'IntegrationPage'),
});

/** The pages about services whose tools come from OpenAPI documents. */
export const integrationRoutes = [list, register, integration] as const;
