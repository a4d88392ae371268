import { createRootRoute, createRoute, lazyRouteComponent, redirect } from '@tanstack/react-router';
import { queries } from '../api.ts';
import { sessionOptions } from '../session.ts';
import { NotFound } from './not-found.tsx';

/** All pages. */
export const root = createRootRoute({ notFoundComponent: NotFound });

/** The pages of people who are signed in. All others are led to the page where people sign in. */
export const inside = createRoute({
  getParentRoute: () => root,
  id: 'inside',
  component: lazyRouteComponent(() => import('./shell.tsx'), 'Shell'),
  beforeLoad: async ({ location }) => {
    if ((await queries.ensureQueryData(sessionOptions)) === null) {
      const { href } = location;
      throw redirect({ to: '/welcome', search: href === '/' ? {} : { return_to: href } });
    }
  },
});

/** The page of a list that an address names, from 0. */
export const pageIn = ({ page }: Readonly<Record<string, unknown>>): number =>
  typeof page === 'number' && Number.isInteger(page) && page > 0 ? page : 0;
