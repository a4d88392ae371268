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
 * The requests of clients that the protocol knows, by era: those of the versions 2024-11-05 to 2025-11-25 (`ClientRequest`
 * of their schemas, tasks included), and those of 2026-07-28. Compared byte for byte.
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

/** The notifications of clients that the protocol knows (`ClientNotification`). Only sessions take any. */
const NOTIFICATIONS: ReadonlySet<string> = new Set<NotificationMethod>([
  'notifications/initialized',
  'notifications/cancelled',
  'notifications/progress',
  'notifications/roots/list_changed',
  'notifications/tasks/status',
]);

/** Whether the protocol knows a request of a client, in this very spelling. */
export const isKnownRequest = (era: Era, method: string): boolean => REQUESTS[era].has(method);

/** Whether the protocol knows a notification of a client, in this very spelling. */
export const isKnownNotification = (method: string): boolean => NOTIFICATIONS.has(method);
