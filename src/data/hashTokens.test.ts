import { describe, expect, test } from 'vitest';
import { type HashTokensOptions, hashTokens } from './hashTokens.ts';

const tokensOf = (text: string, options: HashTokensOptions = {}) =>
  [...hashTokens([text], { length: 12, ...options }).data].filter((token) => token !== 0);

describe('hashTokens', () => {
  test('gives a number to each word, the same wherever it stands', () => {
    const { data, shape } = hashTokens(['The big cat', 'a cat'], { length: 4 });
    expect(shape).toEqual([2, 4]);
    expect([...data].map((token) => token > 0)).toEqual([true, true, true, false, true, true, false, false]);
    expect(data[5]).toBe(data[2]);
    expect(new Set(data.slice(0, 3)).size).toBe(3);
  });

  test('keeps the numbers that students were trained with', () => {
    expect([...hashTokens(['water from the sky'], { length: 5, vocabulary: 4096 }).data]).toEqual(GOLDEN);
  });

  test('does not ask for case, accents or what stands between words, in any script', () => {
    expect(tokensOf('Café – déjà-vu!')).toEqual(tokensOf('cafe deja vu'));
    expect(tokensOf('лев и кот')).toHaveLength(3);
    expect(tokensOf('猫 と 犬')).toHaveLength(3);
    expect(tokensOf(' …?! ')).toEqual([]);
    expect(tokensOf('')).toEqual([]);
  });

  test('gives pieces of words too, or instead', () => {
    // <cat>: <ca, cat, at>
    expect(tokensOf('cat', { pieces: [3] })).toHaveLength(4);
    expect(tokensOf('cat', { pieces: [3], words: 'no' })).toEqual(tokensOf('cat', { pieces: [3] }).slice(1));
    const shared = tokensOf('cats', { words: 'no', pieces: [3] }).filter((token) =>
      tokensOf('cat', { words: 'no', pieces: [3] }).includes(token),
    );
    expect(shared).toHaveLength(2);
    expect(tokensOf('a', { words: 'no', pieces: [5] })).toEqual([]);
  });

  test('spreads over its vocabulary, and cuts what is too long', () => {
    const words = Array.from({ length: 4000 }, (_, i) => `w${i}`).join(' ');
    const { data } = hashTokens([words], { length: 4000, vocabulary: 101 });
    const counts = Array.from({ length: 101 }, (_, token) => data.filter((one) => one === token).length);
    expect(counts[0]).toBe(0);
    expect(Math.min(...counts.slice(1))).toBeGreaterThan(15);
    expect(Math.max(...counts)).toBeLessThan(75);
    expect([...hashTokens(['a b c'], { length: 2 }).data]).toEqual(tokensOf('a b'));
  });

  test.each<[string, () => unknown]>([
    ['a vocabulary of nothing but 0', () => hashTokens([], { vocabulary: 1 })],
    ['a length of 0', () => hashTokens([], { length: 0 })],
    ['pieces of no length', () => hashTokens([], { pieces: [0] })],
    ['pieces that are no list', () => hashTokens([], { pieces: 3 as unknown as number[] })],
    ['what is no text', () => hashTokens([7 as unknown as string])],
    ['an option that it does not have', () => hashTokens([], { ngrams: 3 } as HashTokensOptions)],
  ])('refuses %s', (_, make) => {
    expect(make).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  });
});

/** Written down once: another hash would make old students useless. */
const GOLDEN = [1384, 3625, 421, 1934, 0];
