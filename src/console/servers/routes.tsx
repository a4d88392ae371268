import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { inside, pageIn } from '../shell/roots.tsx';

const list = createRoute({
  getParentRoute: () => inside,
  path: '/servers',
  validateSearch: (search): { search?: string; page?: number } => ({
    ...(typeof search.search === 'string' && search.search !== '' && { search: search.search.slice(0, 256) }),
    ...(pageIn(search) > 0 && { page: pageIn(search) }),
  }),
  component: lazyRouteComponent(() => import('./list.tsx'), 'ServerList'),
});
const add = createRoute({
  getParentRoute: () => inside,
  path: '/servers/new',
  component: lazyRouteComponent(() => import('./add.tsx'), 'AddServer'),
});
const one = createRoute({
  getParentRoute: () => inside,
  path: '/servers/$mcpServerId',
  component: lazyRouteComponent(() => import('./server.tsx'), 'ServerPage'),
});
const edit = createRoute({
  getParentRoute: () => inside,
  path: '/servers/$mcpServerId/edit',
  component: lazyRouteComponent(() => import('./edit.tsx'), 'EditServer'),
});

/** The pages about the servers of an organization. */
export const serverRoutes = [list, add, one, edit] as const;
