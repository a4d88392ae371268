import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { root } from '../shell/roots.tsx';

const component = lazyRouteComponent(() => import('./welcome.tsx'), 'Welcome');

/** The page where people sign in; `return_to` is the path of the page that they wanted, below `/console`. */
const welcome = createRoute({
  getParentRoute: () => root,
  path: '/welcome',
  validateSearch: (search): { return_to?: string } =>
    typeof search.return_to === 'string' ? { return_to: search.return_to } : {},
  component,
});
/** Where a browser stands when a sign-in with the provider has failed. */
const notBegun = createRoute({ getParentRoute: () => root, path: '/sign-in', component });
const notFinished = createRoute({ getParentRoute: () => root, path: '/sign-in/callback', component });

/** The page where people sign in, at each of its addresses. */
export const welcomeRoutes = [welcome, notBegun, notFinished] as const;
