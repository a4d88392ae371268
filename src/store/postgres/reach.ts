import { Client } from 'pg';
import { StoreUnavailable } from '../errors.ts';
import { clientConfig } from './client-config.ts';

/** Milliseconds between two questions whether PostgreSQL is there, when nothing else is asked. */
const BEAT_MS = 1000;

/** Whether PostgreSQL answers. */
export type Reach = {
  /**
   * Returns the answer of PostgreSQL, or rejects with its error. Rejects with StoreUnavailable, after calling `giveUp`,
   * if the answer takes too long; at once while nothing is answered at all.
   */
  readonly ask: <T>(question: () => Promise<T>, giveUp: () => void) => Promise<T>;
  /** The same for results that may come without an answer of PostgreSQL, such as a free connection. */
  readonly wait: <T>(wanted: () => Promise<T>, giveUp: () => void) => Promise<T>;
  /**
   * Starts to limit the time of answers. Calls `onDoubt` if there was no answer for longer than the last one is
   * trusted.
   */
  readonly watch: (onDoubt: () => void) => void;
  readonly close: () => void;
};

/** The time limit of a statement, and the time after an answer for which reads count as valid, in milliseconds. */
export type ReachOptions = { readonly waitMs: number; readonly trustMs: number };

/** Creates the watch over one database. Until the call of `watch`, answers have no time limit. */
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
