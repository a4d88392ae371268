import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { inside, pageIn } from '../shell/roots.tsx';

const list = createRoute({
  getParentRoute: () => inside,
  path: '/organizations',
  validateSearch: (search): { page: number; name: string } => ({
    page: pageIn(search),
    name: typeof search.name === 'string' ? search.name : '',
  }),
  component: lazyRouteComponent(() => import('./organizations.tsx'), 'Organizations'),
});
const organization = createRoute({
  getParentRoute: () => inside,
  path: '/organizations/$organizationId',
  component: lazyRouteComponent(() => import('./organization.tsx'), 'Organization'),
});
const members = createRoute({
  getParentRoute: () => inside,
  path: '/members',
  component: lazyRouteComponent(() => import('./members.tsx'), 'Members'),
});

/** The pages of the operator about organizations, their credentials, and the people who sign in. */
export const organizationRoutes = [list, organization, members] as const;
