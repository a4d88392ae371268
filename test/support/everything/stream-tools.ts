import { setTimeout } from 'node:timers/promises';
import { type EverythingTool, text } from './tool.ts';

/** Long enough that what is sent before and after it travels in packets of its own. */
const PAUSE_MS = 20;

/** Tools that send something other than their result: log messages, progress, changes, the end of their stream. */
export const streamTools: readonly EverythingTool[] = [
  {
    name: 'test_tool_with_logging',
    description: 'Logs three messages while it runs',
    call: async (_, ctx) => {
      for (const step of ['first', 'second', 'third']) {
        await ctx.mcpReq.log('info', `The ${step} message`);
        await setTimeout(PAUSE_MS);
      }
      return text('Three messages were logged.');
    },
  },
  {
    name: 'test_logging_tool',
    description: 'Logs a message, which arrives where one asked for log messages',
    call: async (_, ctx) => {
      await ctx.mcpReq.log('info', 'Somebody wants this message');
      return text('A message was logged.');
    },
  },
  {
    name: 'test_tool_with_progress',
    description: 'Reports progress to whoever sends a progress token',
    call: async (_, ctx) => {
      const progressToken = ctx.mcpReq._meta?.progressToken;
      for (const progress of progressToken === undefined ? [] : [0, 50, 100]) {
        const params = { progressToken, progress, total: 100 };
        await ctx.mcpReq.notify({ method: 'notifications/progress', params });
        await setTimeout(PAUSE_MS);
      }
      return text('Done.');
    },
  },
  {
    name: 'test_reconnection',
    description: 'Ends its stream before it has a result, which the client fetches with Last-Event-ID',
    call: async (_, ctx) => {
      ctx.http?.closeSSE?.();
      await setTimeout(PAUSE_MS);
      return text('Fetched after the stream had ended.');
    },
  },
  ...(['tool', 'prompt'] as const).map(
    (kind): EverythingTool => ({
      name: `test_trigger_${kind}_change`,
      description: `Tells those who listen that the list of ${kind}s has changed`,
      call: (_args, _ctx, bus) => {
        bus.publish({ kind: `${kind}s_list_changed` });
        return text('They know.');
      },
    }),
  ),
];
