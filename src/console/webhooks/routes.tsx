import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { inside } from '../shell/roots.tsx';

const list = createRoute({
  getParentRoute: () => inside,
  path: '/webhooks',
  component: lazyRouteComponent(() => import('./list.tsx'), 'WebhookList'),
});

/** The page about webhooks. */
export const webhookRoutes = [list] as const;
