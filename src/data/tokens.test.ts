import { describe, expect, test } from 'vitest';
import { fromTokens, type TokensOptions } from './tokens.ts';

const ALL = (size: number) => Int32Array.from({ length: size }, (_, i) => i);

async function read(texts: Parameters<typeof fromTokens>[0], options: TokensOptions = {}) {
  const data = fromTokens(texts, options);
  const { inputs, sequences = new Int32Array(0) } = await data.read(ALL(data.size));
  const rows = (values: ArrayLike<number>) =>
    Array.from({ length: data.size }, (_, i) =>
      Array.from(values).slice((i * values.length) / data.size, ((i + 1) * values.length) / data.size),
    );
  return { data, tokens: rows(inputs['input']?.data ?? []), next: rows(sequences) };
}

describe('fromTokens', () => {
  test('gives each token with the one that follows, and nothing that counts behind the end', async () => {
    const { data, tokens, next } = await read(['abc', 'de'], { alphabet: 'abcde', length: 3 });
    expect(data).toMatchObject({ size: 2, hasLabels: false, inputs: { input: { shape: [3], dtype: 'int32' } } });
    expect(tokens).toEqual([
      [0, 1, 0],
      [3, 0, 0],
    ]);
    expect(next).toEqual([
      [1, 2, -1],
      [4, -1, -1],
    ]);
  });

  test('is as long as the longest text by default, reads bytes of UTF-8, and takes any padding', async () => {
    const { tokens, next } = await read(['é!', 'a?'], { padding: 9 });
    expect(tokens).toEqual([
      [0xc3, 0xa9],
      [97, 9],
    ]);
    expect(next).toEqual([
      [0xa9, 33],
      [63, -1],
    ]);
  });

  test('makes several examples of a longer text, so that each token is learned once', async () => {
    const { tokens, next } = await read([[5, 6, 7, 8, 9, 10]], { length: 2 });
    expect(tokens).toEqual([
      [5, 6],
      [7, 8],
      [9, 0],
    ]);
    expect(next.flat()).toEqual([6, 7, 8, 9, 10, -1]);
  });

  test('counts nothing of a prompt', async () => {
    const { next } = await read(
      [
        [5, 6, 7, 8, 9],
        [1, 2, 3],
      ],
      { length: 2, promptLengths: [3, 0] },
    );
    expect(next).toEqual([
      [-1, -1],
      [8, 9],
      [2, 3],
    ]);
    const { next: whole } = await read([[5, 6, 7, 8, 9]], { length: 4, promptLengths: [2] });
    expect(whole).toEqual([[-1, 7, 8, 9]]);
  });

  test.each<[string, Parameters<typeof fromTokens>[0], TokensOptions, string, RegExp]>([
    ['a character that the alphabet lacks', ['ab', 'ax'], { alphabet: 'ab' }, 'class-mismatch', /"ax" holds "x"/],
    ['what is no token', [[1, -1]], {}, 'class-mismatch', /-1 is no token/],
    ['half a token', [[1, 0.5]], {}, 'class-mismatch', /0\.5 is no token/],
    ['texts of one token', ['a', ''], {}, 'empty-dataset', /No text has two tokens/],
    ['an alphabet with a character twice', ['ab'], { alphabet: 'aba' }, 'invalid-option', /"a" twice/],
    ['an empty alphabet', ['ab'], { alphabet: '' }, 'invalid-option', /at least one character/],
    ['prompt lengths of other texts', ['ab'], { promptLengths: [1, 2] }, 'shape-mismatch', /1 texts and 2 prompt/],
    ['a length of 0', ['ab'], { length: 0 }, 'invalid-option', /"length"/],
  ])('refuses %s', (_, texts, options, code, message) => {
    expect(() => fromTokens(texts, options)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });
});
