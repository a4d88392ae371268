import { Client } from 'pg';
import { StoreUnavailable } from '../errors.ts';
import { clientConfig } from './client-config.ts';

/** Milliseconds between two questions whether PostgreSQL is there, when nothing else is asked. */
const BEAT_MS = 1000;

/** Whether PostgreSQL answers. */
export type Reach = {
  /**
   * What PostgreSQL answers to a question, or the reason why it does not. Rejects with StoreUnavailable, after `giveUp`
   * was called, when the answer takes longer than it may; at once while nothing is answered at all.
   */
  readonly ask: <T>(question: () => Promise<T>, giveUp: () => void) => Promise<T>;
  /** The same for something that may come without PostgreSQL saying a word, such as a connection that is there. */
  readonly wait: <T>(wanted: () => Promise<T>, giveUp: () => void) => Promise<T>;
  /** From now on answers have a bound, and `onDoubt` is called when there was none for as long as the last is trusted. */
  readonly watch: (onDoubt: () => void) => void;
  readonly close: () => void;
};

export type ReachOptions = { readonly waitMs: number; readonly trustMs: number };

/** Makes the watch over one database. Until `watch` is called, answers may take as long as they do. */
export function createReach(url: string, { waitMs, trustMs }: ReachOptions): Reach {
  let answeredAt = performance.now();
  let boundMs = 0;
  let isSilent = false;
  let isDoubted = false;
  let beats: NodeJS.Timeout | undefined;
  let prober: Client | null = null;
  let isProbing = false;

  const noteAnswer = (): void => {
    answeredAt = performance.now();
    isSilent = false;
    isDoubted = false;
  };

  /** One slow statement is no silence: then others were answered since it was asked. */
  const noteSilence = (askedAt: number): void => {
    isSilent ||= answeredAt < askedAt;
  };

  const within = <T>(question: () => Promise<T>, giveUp: () => void, onAnswer?: () => void): Promise<T> =>
    new Promise((resolve, reject) => {
      const askedAt = performance.now();
      const timer = setTimeout(() => {
        noteSilence(askedAt);
        giveUp();
        reject(silent());
      }, boundMs);
      question().then(
        (answer) => {
          clearTimeout(timer);
          onAnswer?.();
          resolve(answer);
        },
        (error: unknown) => {
          clearTimeout(timer);
          reject(error);
        },
      );
    });

  const probe = async (): Promise<void> => {
    const client = prober ?? new Client(clientConfig(url, waitMs));
    const giveUp = (): void => {
      prober = prober === client ? null : prober;
      void client.end().catch(() => undefined);
    };
    try {
      await within(
        async () => {
          if (prober === null) {
            client.on('error', giveUp);
            await client.connect();
            prober = client;
          }
          return client.query('select 1');
        },
        giveUp,
        noteAnswer,
      );
    } catch {
      giveUp();
    }
  };

  const beat = async (onDoubt: () => void): Promise<void> => {
    const quietMs = performance.now() - answeredAt;
    if (quietMs > trustMs && !isDoubted) {
      isDoubted = true;
      onDoubt();
    }
    if (quietMs >= BEAT_MS / 2 && !isProbing) {
      isProbing = true;
      await probe();
      isProbing = false;
    }
  };

  const bounded = <T>(wanted: () => Promise<T>, giveUp: () => void, onAnswer?: () => void): Promise<T> => {
    if (boundMs === 0) {
      return wanted();
    }
    if (isSilent) {
      giveUp();
      return Promise.reject(silent());
    }
    return within(wanted, giveUp, onAnswer);
  };

  return {
    ask: (question, giveUp) => bounded(question, giveUp, noteAnswer),
    wait: bounded,
    watch: (onDoubt) => {
      if (waitMs > 0) {
        boundMs = waitMs;
        answeredAt = performance.now();
        beats = setInterval(() => void beat(onDoubt), Math.min(BEAT_MS, trustMs)).unref();
      }
    },
    close: () => {
      clearInterval(beats);
      void prober?.end().catch(() => undefined);
      prober = null;
    },
  };
}

const silent = (): StoreUnavailable => new StoreUnavailable('Storage is unavailable: PostgreSQL does not answer.');
