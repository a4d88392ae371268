import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { inside } from '../shell/roots.tsx';

const list = createRoute({
  getParentRoute: () => inside,
  path: '/shared-servers',
  component: lazyRouteComponent(() => import('./list.tsx'), 'SharedServerList'),
});
const add = createRoute({
  getParentRoute: () => inside,
  path: '/shared-servers/new',
  component: lazyRouteComponent(() => import('./add.tsx'), 'AddSharedServer'),
});
const take = createRoute({
  getParentRoute: () => inside,
  path: '/shared-servers/import',
  component: lazyRouteComponent(() => import('./import.tsx'), 'ImportServers'),
});
const one = createRoute({
  getParentRoute: () => inside,
  path: '/shared-servers/$sharedServerId',
  component: lazyRouteComponent(() => import('./server.tsx'), 'SharedServerPage'),
});
const edit = createRoute({
  getParentRoute: () => inside,
  path: '/shared-servers/$sharedServerId/edit',
  component: lazyRouteComponent(() => import('./edit.tsx'), 'EditSharedServer'),
});

/** The pages about the servers that the operator shares. */
export const sharedServerRoutes = [list, add, take, one, edit] as const;
