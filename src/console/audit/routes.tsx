import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { inside } from '../shell/roots.tsx';
import { type Filters, filtersIn } from './filters.ts';

const audit = createRoute({
  getParentRoute: () => inside,
  path: '/audit',
  validateSearch: (search): Filters => filtersIn(search),
  component: lazyRouteComponent(() => import('./audit.tsx'), 'Audit'),
});

/** The pages of the audit log. */
export const auditRoutes = [audit] as const;
