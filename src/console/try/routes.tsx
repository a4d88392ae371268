import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { inside } from '../shell/roots.tsx';

const list = createRoute({
  getParentRoute: () => inside,
  path: '/try',
  validateSearch: (search): { tag: string; text: string } => ({
    tag: typeof search.tag === 'string' ? search.tag : '',
    text: typeof search.text === 'string' ? search.text : '',
  }),
  component: lazyRouteComponent(() => import('./operations.tsx'), 'Operations'),
});
const operation = createRoute({
  getParentRoute: () => inside,
  path: '/try/$operationId',
  component: lazyRouteComponent(() => import('./operation.tsx'), 'TryOperation'),
});

/** The pages that send any request of the document. */
export const tryRoutes = [list, operation] as const;
