import type {
  CancelTaskRequest,
  ClientNotification,
  ClientRequest,
  GetTaskPayloadRequest,
  GetTaskRequest,
  ListTasksRequest,
  TaskStatusNotification,
} from '@modelcontextprotocol/client';
import type { Era } from '../runtime/protocol.ts';

type TaskRequest = ListTasksRequest | GetTaskRequest | GetTaskPayloadRequest | CancelTaskRequest;
type RequestMethod = (ClientRequest | TaskRequest)['method'];
type NotificationMethod = (ClientNotification | TaskStatusNotification)['method'];

/**
 * The requests of clients in each era: those of the versions 2024-11-05 to 2025-11-25 (`ClientRequest` of their
 * schemas, with tasks), and those of 2026-07-28. They are compared byte for byte.
 */
const REQUESTS: Readonly<Record<Era, ReadonlySet<string>>> = {
  handshake: new Set<RequestMethod>([
    'initialize',
    'ping',
    'logging/setLevel',
    'completion/complete',
    'prompts/list',
    'prompts/get',
    'resources/list',
    'resources/templates/list',
    'resources/read',
    'resources/subscribe',
    'resources/unsubscribe',
    'tools/list',
    'tools/call',
    'tasks/list',
    'tasks/get',
    'tasks/result',
    'tasks/cancel',
  ]),
  stateless: new Set<RequestMethod>([
    'server/discover',
    'subscriptions/listen',
    'completion/complete',
    'prompts/list',
    'prompts/get',
    'resources/list',
    'resources/templates/list',
    'resources/read',
    'tools/list',
    'tools/call',
  ]),
};

/** The notifications of clients (`ClientNotification`). Only sessions accept any. */
const NOTIFICATIONS: ReadonlySet<string> = new Set<NotificationMethod>([
  'notifications/initialized',
  'notifications/cancelled',
  'notifications/progress',
  'notifications/roots/list_changed',
  'notifications/tasks/status',
]);

/** Whether the protocol defines a request of clients, in exactly this spelling. */
export const isKnownRequest = (era: Era, method: string): boolean => REQUESTS[era].has(method);

/** Whether the protocol defines a notification of clients, in exactly this spelling. */
export const isKnownNotification = (method: string): boolean => NOTIFICATIONS.has(method);
