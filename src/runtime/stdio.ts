import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { MemoryScope } from '../base/memory-scope.ts';
import { NotSent } from '../base/not-sent.ts';
import { encodeLine, readLines } from './lines.ts';
import type { Pipe, PipeFailure, PipeReader } from './pipe.ts';
import { MAY_HAVE_RUN } from './pipe-failures.ts';
import { countedBytes, createPipeMemory } from './pipe-memory.ts';
import { ServerFailed } from './server-failed.ts';
import type { StderrBuffer } from './stderr-buffer.ts';
import type { ProcessTarget } from './target.ts';

/** The time for a process to end after the end of its input, and again after SIGTERM, in milliseconds. */
const GRACE_MS = 1000;

/** Milliseconds until the last output of a process has arrived. */
const FLUSH_MS = 200;

/** Error codes for resources that are used up at the moment: processes, open files, memory. */
const EXHAUSTED = new Set<string | undefined>(['EAGAIN', 'EMFILE', 'ENFILE', 'ENOMEM']);

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * Starts a process, and exchanges lines over its standard input and output (MCP 2025-11-25, "stdio"). The process
 * leads its own process group, and the whole group ends with the pipe. A process that leaves the group (setsid(2))
 * does not. `signal` ends a start in progress. Throws ServerFailed, OverBudget, or the reason of the signal.
 */
export async function openProcess(
  target: ProcessTarget,
  reader: PipeReader,
  stderr: StderrBuffer,
  signal: AbortSignal,
  memory: () => MemoryScope,
): Promise<Pipe> {
  const { name, cwd, encoding, refusal } = target;
  if (refusal !== undefined) {
    throw new ServerFailed(name, 'unusable', `cannot be started: ${refusal}.`);
  }
  // `spawn` would report a missing folder as a missing command.
  if (cwd !== null && !(await stat(cwd).catch(() => null))?.isDirectory()) {
    throw new ServerFailed(name, 'unusable', 'cannot be started: its folder `cwd` does not exist.');
  }
  signal.throwIfAborted();
  const room = createPipeMemory(memory, (failure) => end(failure));
  const child = await start(target).catch((error: unknown) => {
    room.release();
    throw error;
  });
  let isClosing = false;
  let isIntroduced = false;

  const leave = (): Promise<void> => {
    isClosing = true;
    return stop(child).finally(room.release);
  };
  const end = (failure: PipeFailure): void => {
    if (!isClosing) {
      void leave();
      reader.ended(failure);
    }
  };
  const protocolError = (why: string) =>
    end(new ServerFailed(name, 'protocol', `does not speak the protocol: ${why}.`));

  /** Holds the memory of the output that the process has not taken; false if there is none. */
  const noteQueue = (): boolean => room.outgoing.tryResize(countedBytes(child.stdin.writableLength));

  readLines(child.stdout, target, room, {
    line: (text) => (isClosing ? undefined : reader.message(text)),
    unreadable: protocolError,
    noRoom: end,
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr.add(chunk);
    reader.alive();
  });
  // Usually the process has ended, and its exit status comes next.
  child.stdin.on('error', () => {
    const failure = new ServerFailed(name, 'broken', `reads nothing any more; ${MAY_HAVE_RUN}.`);
    setTimeout(end, GRACE_MS, failure).unref();
  });
  child.once('exit', async (code, signalName) => {
    const how = signalName === null ? `exited with code ${code}` : `was ended by ${signalName}`;
    // Its last output may still arrive. Processes that it has started may keep its output open for ever.
    do {
      await Promise.race([once(child, 'close'), delay(FLUSH_MS, undefined, { ref: false })]);
    } while (!isClosing && child.stdout.isPaused());
    end(
      isIntroduced
        ? new ServerFailed(name, 'broken', `${how}; ${MAY_HAVE_RUN}.`)
        : new ServerFailed(name, 'unusable', `${how} before it had introduced itself.`),
    );
  });

  return {
    introduced: () => {
      isIntroduced = true;
    },
    send: async (message, mayBeSent) => {
      const line = encodeLine(message, encoding);
      await room.forMessage(line.length);
      if (mayBeSent?.() === false) {
        throw new NotSent();
      }
      child.stdin.write(line, noteQueue);
      if (child.stdin.writableLength > room.longest || !noteQueue()) {
        end(new ServerFailed(name, 'broken', `does not read what it is sent; ${MAY_HAVE_RUN}.`));
      }
    },
    close: leave,
  };
}

async function start({ name, command, args, cwd, env, user }: ProcessTarget): Promise<Child> {
  try {
    // `spawn` throws faults that it detects at once, such as arguments that are too long.
    const child = spawn(command, args, {
      cwd: cwd ?? undefined,
      env,
      // Another user does not get the additional groups of the gateway either (setgroups(2), called by libuv).
      ...user,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    await once(child, 'spawn');
    return child;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT' ? 'its command is not found' : code === 'EACCES' ? 'its command may not be run' : code;
    // Without the cause, because it contains the command.
    throw new ServerFailed(name, EXHAUSTED.has(code) ? 'unavailable' : 'unusable', `cannot be started: ${why}.`);
  }
}

/** Ends a process with all processes of its group: first by the end of its input, then by signals. */
async function stop(child: Child): Promise<void> {
  const isOver = new Promise<true>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) {
      resolve(true);
    } else {
      child.once('exit', () => resolve(true));
    }
  });
  const isOverWithin = (ms: number) => Promise.race([isOver, delay(ms, false, { ref: false })]);
  child.stdin.end();
  if (!(await isOverWithin(GRACE_MS))) {
    kill(child, 'SIGTERM');
    await isOverWithin(GRACE_MS);
  }
  // The rest of its group, and the process itself if it ignores SIGTERM.
  kill(child, 'SIGKILL');
  await isOver;
  child.stdin.destroy();
  child.stdout.destroy();
  child.stderr.destroy();
}

function kill({ pid }: Child, signal: NodeJS.Signals): void {
  try {
    process.kill(-(pid as number), signal);
  } catch {
    // No process of the group is left.
  }
}
