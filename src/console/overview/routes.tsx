import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { inside } from '../shell/roots.tsx';

const overview = createRoute({
  getParentRoute: () => inside,
  path: '/',
  component: lazyRouteComponent(() => import('./overview.tsx'), 'Overview'),
});

/** The page at which the console starts. */
export const overviewRoutes = [overview] as const;
