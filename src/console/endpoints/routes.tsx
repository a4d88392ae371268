import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { inside } from '../shell/roots.tsx';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The account that an address names. */
const accountIn = ({ account }: Readonly<Record<string, unknown>>): { account?: string } =>
  typeof account === 'string' && UUID.test(account) ? { account } : {};

const list = createRoute({
  getParentRoute: () => inside,
  path: '/endpoints',
  validateSearch: accountIn,
  component: lazyRouteComponent(() => import('./endpoints.tsx'), 'Endpoints'),
});
const mint = createRoute({
  getParentRoute: () => inside,
  path: '/endpoints/mint/$accountId',
  component: lazyRouteComponent(() => import('./mint.tsx'), 'Mint'),
});
const endpoint = createRoute({
  getParentRoute: () => inside,
  path: '/endpoints/$accountId/$endpointId',
  component: lazyRouteComponent(() => import('./endpoint.tsx'), 'Endpoint'),
});

/** The pages about endpoints, which are MCP servers that Gatehouse serves. */
export const endpointRoutes = [list, mint, endpoint] as const;
