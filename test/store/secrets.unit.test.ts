import { describe, expect, it } from 'vitest';
import { createSealer, keyIdOf } from '../../src/store/secrets.ts';
import { StoreRefused } from '../../src/store/store.ts';

const OLD = Buffer.alloc(32, 1);
const NEW = Buffer.alloc(32, 2);

describe('a sealer', () => {
  it.each(['', 'plain', 'Grüße 🔑\n', 'x'.repeat(100_000)])('opens its sealed values', (plain) => {
    const { seal, open } = createSealer([NEW]);
    expect(open(seal(plain, 'a:1'), 'a:1')).toBe(plain);
  });

  it('seals the same text differently each time, under the id of its first key', () => {
    const { seal } = createSealer([NEW, OLD]);
    const sealed = new Set(Array.from({ length: 20 }, () => seal('plain', 'a:1')));
    expect(sealed.size).toBe(20);
    for (const value of sealed) {
      expect(value).toMatch(new RegExp(`^${keyIdOf(NEW)}\\.[A-Za-z0-9_-]+$`));
    }
  });

  it('binds a value to its context', () => {
    const { seal, open } = createSealer([NEW]);
    expect(() => open(seal('plain', 'a:1'), 'a:2')).toThrow('does not open');
  });

  it('opens with any of its keys only', () => {
    const sealed = createSealer([OLD]).seal('plain', 'a:1');
    expect(createSealer([NEW, OLD]).open(sealed, 'a:1')).toBe('plain');
    expect(() => createSealer([NEW]).open(sealed, 'a:1')).toThrow(`key ${keyIdOf(OLD)}`);
  });

  it('opens no changed or cut value', () => {
    const { seal, open } = createSealer([NEW]);
    const sealed = seal('plain', 'a:1');
    for (let at = keyIdOf(NEW).length + 1; at < sealed.length - 1; at += 1) {
      const other = sealed[at] === 'A' ? 'B' : 'A';
      expect(() => open(sealed.slice(0, at) + other + sealed.slice(at + 1), 'a:1')).toThrow('does not open');
      expect(() => open(sealed.slice(0, at), 'a:1')).toThrow('does not open');
    }
    expect(() => open('', 'a:1')).toThrow();
    expect(() => open('plain', 'a:1')).toThrow();
  });

  it('requires at least one key of 32 bytes each', () => {
    expect(() => createSealer([])).toThrow(StoreRefused);
    expect(() => createSealer([NEW, Buffer.alloc(31)])).toThrow(StoreRefused);
  });
});
