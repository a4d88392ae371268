import { describe, expect, test } from 'vitest';
import { chooseAnswer, readPreferences } from '../../src/mock/preferences.ts';

describe('Prefer', () => {
  test.each([
    ['code=429', { code: 429 }],
    ['CODE = 429', { code: 429 }],
    ['example=empty', { example: 'empty' }],
    ['example="empty"', { example: 'empty' }],
    ['code=429, example=rate_limited', { code: 429, example: 'rate_limited' }],
    ['code=429; example=rate_limited', { code: 429, example: 'rate_limited' }],
    ['handling=lenient, dynamic=true', { dynamic: true }],
    ['dynamic=false', { dynamic: false }],
    ['handling=lenient', {}],
    ['postcode=12345', {}],
    ['', {}],
  ])('%s', (header, preferences) => expect(readPreferences(header)).toEqual(preferences));
  test('none', () => expect(readPreferences(undefined)).toEqual({}));
});

describe('the answer', () => {
  const choices = [
    { status: 200, name: 'several', type: 'application/json', headers: {} },
    { status: 200, name: 'empty', type: 'application/json', headers: {} },
    { status: 401, name: 'unauthorized', type: 'application/json', headers: {} },
    { status: 503, name: 'unavailable', type: 'application/json', headers: {} },
  ];

  test.each([
    [{}, 'several'],
    [{ code: 200 }, 'several'],
    [{ example: 'empty' }, 'empty'],
    [{ code: 200, example: 'empty' }, 'empty'],
    [{ code: 503 }, 'unavailable'],
    [{ example: 'unauthorized' }, 'unauthorized'],
  ])('%j is %s', (preferences, name) => expect(chooseAnswer(choices, preferences)).toMatchObject({ name }));

  test.each([
    [{ code: 418 }, 'has no answer with the status 418; use one of 200, 401, 503'],
    [{ code: Number('x') }, 'has no answer with the status NaN; use one of 200, 401, 503'],
    [{ example: 'emtpy' }, 'no example with the name emtpy; use one of several, empty, unauthorized, unavailable'],
    [{ code: 200, example: 'unavailable' }, 'no example with the name unavailable; use one of several, empty'],
  ])('%j is refused, with the answers that there are', (preferences, message) =>
    expect(() => chooseAnswer(choices, preferences)).toThrow(
      expect.objectContaining({
        code: 'validation_failed',
        mistakes: [expect.objectContaining({ field: 'header.Prefer', message: expect.stringContaining(message) })],
      }),
    ),
  );
});
