import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { root } from '../shell/roots.tsx';

/** The page where people sign in; `return_to` is the path of the page that they wanted, below `/console`. */
export const welcome = createRoute({
  getParentRoute: () => root,
  path: '/welcome',
  validateSearch: (search): { return_to?: string } =>
    typeof search.return_to === 'string' ? { return_to: search.return_to } : {},
  component: lazyRouteComponent(() => import('./welcome.tsx'), 'Welcome'),
});
