import type { LinkProps } from '@tanstack/react-router';
import type { Permission } from '../session.ts';

/** An area of the console, and the permissions of which one opens it. */
type Area = {
  readonly to: LinkProps['to'] & string;
  readonly label: string;
  readonly permissions: readonly Permission[];
};

/** The areas in the order of the menu. */
export const AREAS: readonly Area[] = [
  { to: '/', label: 'Overview', permissions: ['accounts', 'servers', 'approvals', 'operator'] },
  { to: '/approvals', label: 'Approvals', permissions: ['approvals'] },
  { to: '/servers', label: 'Servers', permissions: ['servers'] },
  { to: '/endpoints', label: 'Endpoints', permissions: ['accounts'] },
  { to: '/integrations', label: 'Integrations', permissions: ['accounts'] },
  { to: '/accounts', label: 'Accounts', permissions: ['accounts'] },
  { to: '/webhooks', label: 'Webhooks', permissions: ['approvals'] },
  { to: '/shared-servers', label: 'Shared servers', permissions: ['operator'] },
  { to: '/organizations', label: 'Organizations', permissions: ['operator'] },
  { to: '/members', label: 'Members', permissions: ['operator'] },
  { to: '/audit', label: 'Audit', permissions: ['operator'] },
  { to: '/try', label: 'Try it', permissions: ['accounts', 'servers', 'approvals', 'operator'] },
];
