import { expect, it } from 'vitest';
import { isNextLook } from '../../src/store/postgres/looks.ts';

const LOOK = { snapshot: '100:120:105,110', mark: 'a start 16400', now_ms: 1_000_000 };

it.each([
  ['the same snapshot', {}],
  ['a later one', { snapshot: '105:140:110', now_ms: 1_001_000 }],
  ['one whose oldest transaction still runs', { snapshot: '100:5000000000:105', now_ms: 1_200_000 }],
  ['one a moment before the limit of the gap', { now_ms: 1_299_999 }],
])('a look goes on with %s', (_, changes) => {
  expect(isNextLook({ ...LOOK, ...changes }, LOOK)).toBe(true);
});

it.each([
  ['snapshot whose end went back (fail-over)', { snapshot: '100:119:' }],
  ['snapshot whose beginning went back (restore)', { snapshot: '99:130:' }],
  ['server that has started again', { mark: 'another start 16400' }],
  ['table that was made again', { mark: 'a start 17000' }],
  ['long sleep', { now_ms: 1_300_000 }],
  ['clock that was set back by much', { now_ms: 700_000 }],
])('a look does not go on after a %s', (_, changes) => {
  expect(isNextLook({ ...LOOK, ...changes }, LOOK)).toBe(false);
});
