import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { redactor } from '../../src/calls/redact.ts';

const PASSWORD = 'Pass4711-x';
const BASIC = Buffer.from(`user:${PASSWORD}`).toString('base64');
const CREDENTIAL = { in: 'header', name: 'authorization', value: `Basic ${BASIC}` } as const;
const redact = (args: Record<string, unknown>, text: string, password = PASSWORD) =>
  redactor({ context: { username: 'user', password } }, [CREDENTIAL], args)(text);

const base64 = (text: string) => Buffer.from(text).toString('base64');
const escaped = (text: string) => [...text].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
const percent = (text: string) => [...text].map((c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`).join('');

describe('values that the caller has sent are not masked, so that no answer confirms a guess', () => {
  const SENT: Record<string, (guess: string) => Record<string, unknown>> = {
    'as it is': (guess) => ({ c: guess }),
    'inside of another text': (guess) => ({ c: `is it ${guess}?` }),
    'in a list': (guess) => ({ c: ['wrong-one', guess, 'another'] }),
    'deep inside': (guess) => ({ a: { b: [{ c: guess }] } }),
    'as a name': (guess) => ({ [guess]: 1 }),
    'in capitals': (guess) => ({ c: guess.toUpperCase() }),
    'in pieces': (guess) => ({ a: guess.slice(0, 4), b: guess.slice(4) }),
    'with spaces': (guess) => ({ c: [...guess].join(' ') }),
    'in base64': (guess) => ({ c: base64(guess) }),
    'percent-encoded': (guess) => ({ c: percent(guess) }),
    'percent-encoded twice': (guess) => ({ c: percent(percent(guess)) }),
    'escaped as in JSON': (guess) => ({ c: escaped(guess) }),
  };
  const ANSWERED: Record<string, (guess: string) => string> = {
    'as it is': (guess) => guess,
    'in JSON': (guess) => JSON.stringify({ said: guess }),
    'in base64': base64,
    'percent-encoded': encodeURIComponent,
  };

  test.each(Object.entries(SENT))('sent %s', async (_, args) => {
    for (const answer of Object.values(ANSWERED)) {
      expect(await redact(args(PASSWORD), answer(PASSWORD))).toBe(answer(PASSWORD));
      expect(await redact({ c: 'wrong-one' }, answer(PASSWORD))).toContain('[credential]');
    }
  });

  test('an echo of any guesses is unchanged for any secret', async () => {
    const secrets = fc.string({ minLength: 8, unit: 'grapheme' });
    await fc.assert(
      fc.asyncProperty(secrets, fc.array(fc.string()), fc.nat(), async (secret, guesses, at) => {
        const args = { guesses: guesses.toSpliced(at % (guesses.length + 1), 0, secret) };
        expect(await redact(args, JSON.stringify(args), secret)).toBe(JSON.stringify(args));
      }),
    );
  });

  test('an echo of many guesses is unchanged', async () => {
    const args = { c: Array.from({ length: 20_000 }, (_, index) => `Pass${index}-x`) };
    expect(await redact(args, JSON.stringify(args))).toBe(JSON.stringify(args));
  });
});

describe('a secret that the caller has not sent', () => {
  test('is masked beside a sent value', async () => {
    expect(await redact({ c: PASSWORD }, `${BASIC} ${PASSWORD}`)).toBe(`[credential] ${PASSWORD}`);
    expect(await redact({ c: BASIC }, `${BASIC} ${PASSWORD}`)).toBe(`${BASIC} [credential]`);
  });

  test('is masked if only a part of it was sent', async () => {
    for (const part of [PASSWORD.slice(0, -3), PASSWORD.slice(3), '', 'me', '4711']) {
      expect(await redact({ c: part }, PASSWORD)).toBe('[credential]');
    }
  });

  test('is masked line by line', async () => {
    const key = '-----BEGIN KEY-----\nc2VjcmV0LXNlY3JldA\nbW9yZS1zZWNyZXQ';
    const text = await redact({ c: '-----BEGIN KEY-----' }, `${key} ${JSON.stringify(key)}`, key);
    expect(text).not.toMatch(/c2VjcmV0|bW9yZS1/);
  });
});
