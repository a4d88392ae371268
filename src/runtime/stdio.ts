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

/** Milliseconds that a process gets to end after its input has, and after it is told to. */
const GRACE_MS = 1000;

/** Milliseconds in which the last output of a process arrives. */
const FLUSH_MS = 200;

/** What the machine has none of at the moment: processes, open files, memory. */
const EXHAUSTED = new Set<string | undefined>(['EAGAIN', 'EMFILE', 'ENFILE', 'ENOMEM']);

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * Starts a process and speaks to it in lines over its standard input and output (MCP 2025-11-25, "stdio"). It is the
 * leader of a process group of its own, which ends as a whole. A process that leaves the group (setsid(2)) does not end
 * with it. `signal` ends a start that is under way. Throws ServerFailed, OverBudget, or the reason of the signal.
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
  // A folder that is not there, spawn would report as a command that is not.
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

  /** Holds what the process has not taken; false where there is no room for it. */
  const noteQueue = (): boolean => room.outgoing.tryResize(countedBytes(child.stdin.writableLength));

  readLines(child.stdout, target, room, {
    line: (text) => (isClosing ? undefined : reader.message(text)),
    unreadable: protocolError,
    noRoom: end,
  });
  child.stderr.on('data', (chunk: Buffer) => stderr.add(chunk));
  // Mostly it has ended, and is about to say how.
  child.stdin.on('error', () => {
    const failure = new ServerFailed(name, 'broken', `reads nothing any more; ${MAY_HAVE_RUN}.`);
    setTimeout(end, GRACE_MS, failure).unref();
  });
  child.once('exit', async (code, signalName) => {
    const how = signalName === null ? `exited with code ${code}` : `was ended by ${signalName}`;
    // What it has said last is still on its way; what it has started may hold its output open for ever.
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
    // It throws what it can tell at once, such as arguments that are too long.
    const child = spawn(command, args, {
      cwd: cwd ?? undefined,
      env,
      // As another user it has none of the gateway's further groups either (setgroups(2), called by libuv).
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
    // Without the cause, which names the command.
    throw new ServerFailed(name, EXHAUSTED.has(code) ? 'unavailable' : 'unusable', `cannot be started: ${why}.`);
  }
}

/** Ends a process with all that it has started: it is asked first, by the end of its input, and then by signals. */
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
  // Whatever it has started, and itself if it does not listen.
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
    // Nobody of the group is left.
  }
}
