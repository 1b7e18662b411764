import { describe, expect, test } from 'vitest';
import { fromArrays } from './arrays.ts';
import { augmentExamples } from './augment.ts';
import { augmented } from './augmented.ts';
import type { AugmentOptions } from './augmentOptions.ts';
import { makeVaryText } from './augmentText.ts';
import type { TextAugment } from './augmentTextOptions.ts';
import { fromTokens } from './tokens.ts';

const PADDING = 0;
/** 1 to 9 over and over, each thousandth place padded. */
const long = Int32Array.from({ length: 20_000 }, (_, i) => (i % 1000 === 999 ? PADDING : 1 + (i % 9)));
const vary = (options: TextAugment, seed = 1, of = long) => {
  const tokens = of.slice();
  makeVaryText(options)(tokens, seed);
  return tokens;
};
const shareOf = (isSo: (token: number, i: number) => boolean, tokens: Int32Array) =>
  tokens.filter(isSo).length / tokens.filter((token) => token !== PADDING).length;
const sorted = (tokens: Int32Array) => tokens.slice().sort();

describe('makeVaryText', () => {
  test.each([{ drop: 0.1 }, { swap: 0.1 }, { replace: 0.1, among: 10 }])(
    'depends on its seed only, and changes something, for %o',
    (options) => {
      expect(vary(options)).toEqual(vary(options));
      expect(vary(options)).not.toEqual(vary(options, 2));
      expect(vary(options)).not.toEqual(long);
    },
  );

  test('drops as many as it says, and changes no other', () => {
    const varied = vary({ drop: 0.2 });
    const dropped = varied.filter((token, i) => token === PADDING && long[i] !== PADDING).length;
    // Of 20,000 draws the share is known to 0.3 %; four times that is allowed.
    expect(dropped / 19_980).toBeCloseTo(0.2, 1);
    expect(Math.abs(dropped / 19_980 - 0.2)).toBeLessThan(0.012);
    expect(varied.every((token, i) => token === PADDING || token === long[i])).toBe(true);
  });

  test('swaps neighbours, each once, and never with padding', () => {
    const varied = vary({ swap: 0.3 });
    expect(sorted(varied)).toEqual(sorted(long));
    const moved = varied.map((token, i) => (token === long[i] ? 0 : 1)).reduce((sum, one) => sum + one, 0);
    // A pair is met where the token before was not swapped: a chance of 0.3 of 1 / 1.3, and both of it move.
    expect(Math.abs(moved / 19_980 - (2 * 0.3) / 1.3)).toBeLessThan(0.015);
    expect(varied.every((token, i) => [long[i - 1], long[i], long[i + 1]].includes(token))).toBe(true);
    expect(varied.every((token, i) => (token === PADDING) === (long[i] === PADDING))).toBe(true);
  });

  test('replaces within the tokens that it is given, each as often', () => {
    const varied = vary({ replace: 0.5, among: [2, 4, 6, 8] });
    const replaced = varied.filter((token, i) => token !== long[i]);
    expect(Math.abs(replaced.length / 19_980 - 0.5)).toBeLessThan(0.015);
    expect([...new Set(replaced)].sort()).toEqual([2, 4, 6, 8]);
    for (const token of [2, 4, 6, 8]) expect(shareOf((one) => one === token, replaced)).toBeCloseTo(0.25, 1);
    const counted = vary({ replace: 1, among: 10 });
    expect(counted.every((token, i) => (long[i] === PADDING ? token === PADDING : token > 0 && token < 10))).toBe(true);
    expect(counted.every((token, i) => token !== long[i] || token === PADDING)).toBe(true);
  });

  test('leaves what is kept', () => {
    const varied = vary({ drop: 0.5, swap: 0.5, replace: 0.5, among: [7, 8], kept: [3, 5] });
    expect(varied.every((token, i) => ![3, 5].includes(long[i] as number) || token === long[i])).toBe(true);
  });

  test('one more option leaves the draws of the others as they are', () => {
    const [dropped, both] = [vary({ drop: 0.2 }), vary({ drop: 0.2, replace: 0.3, among: 10 })];
    expect(both.map((token) => Number(token === PADDING))).toEqual(dropped.map((token) => Number(token === PADDING)));
  });
});

describe('augment.text', () => {
  const texts = fromTokens(['the cat sat on the mat', 'it is raining'], { length: 24 });
  const letters = { drop: 0.2, swap: 0.1, replace: 0.1, among: 128 };

  test('varies copies of texts, the same at every read, and leaves the tokens that are to be learned', async () => {
    const data = augmented(texts, { text: letters }, { copies: 3, seed: 4 });
    expect(data.size).toBe(6);
    const read = async (index: number) => data.read(Int32Array.of(index));
    const [first, again, other] = [await read(0), await read(0), await read(2)];
    const own = await texts.read(Int32Array.of(0));
    expect(first).toEqual(again);
    expect(first.inputs['input']?.data).toBeInstanceOf(Int32Array);
    expect(first.inputs['input']?.data).not.toEqual(own.inputs['input']?.data);
    expect(first.inputs['input']?.data).not.toEqual(other.inputs['input']?.data);
    expect(first.sequences).toEqual(own.sequences);
    // What fills the example up stays.
    expect(first.inputs['input']?.data.slice(21)).toEqual(Int32Array.of(0, 0, 0));
  });

  test('does not depend on the batch, and leaves other inputs and the given arrays alone', () => {
    const ids = { data: Int32Array.from({ length: 40 }, (_, i) => 1 + i), shape: [2, 20] };
    const inputs = { ids, mask: { data: new Int32Array(40).fill(1), shape: [2, 20] } };
    const options = { text: { drop: 0.5 }, inputs: ['ids'] };
    const varied = augmentExamples(inputs, Int32Array.of(5, 6), options, { seed: 1, epoch: 2 });
    const second = { ids: { data: ids.data.slice(20), shape: [1, 20] } };
    const alone = augmentExamples(second, Int32Array.of(6), options, { seed: 1, epoch: 2 });
    expect(alone['ids']?.data).toEqual(varied['ids']?.data.slice(20));
    expect(varied['mask']).toBe(inputs.mask);
    expect(ids.data[39]).toBe(40);
  });

  const pair = fromArrays({
    ids: { data: new Int32Array(4), shape: [1, 4] },
    mask: { data: new Int32Array(4), shape: [1, 4] },
  });
  const pixels = fromArrays({ data: new Float32Array(4), shape: [1, 4] });

  test.each([
    ['no change', 'invalid-option', texts, { text: {} }],
    ['an unknown change', 'invalid-option', texts, { text: { reverse: 1 } }],
    ['a chance above 1', 'invalid-option', texts, { text: { drop: 1.1 } }],
    ['replacements from nowhere', 'invalid-option', texts, { text: { replace: 0.1 } }],
    ['replacements by padding alone', 'invalid-option', texts, { text: { replace: 0.1, among: [0, 0] } }],
    ['no whole number of tokens', 'invalid-option', texts, { text: { replace: 0.1, among: 2.5 } }],
    ['kept characters that are no tokens', 'invalid-option', texts, { text: { drop: 0.1, kept: ['a'] } }],
    ['numbers that are no tokens', 'shape-mismatch', pixels, { text: { drop: 0.1 } }],
    ['two inputs of whole numbers, of which none is named', 'shape-mismatch', pair, { text: { drop: 0.1 } }],
    ['whole numbers without changes of texts', 'invalid-option', pair, { noise: 1, inputs: ['ids'] }],
  ] as const)('refuses %s', (_, code, data, options) => {
    expect(() => augmented(data, options as unknown as AugmentOptions)).toThrow(expect.objectContaining({ code }));
  });

  test('takes the input that is named', () => {
    expect(augmented(pair, { text: { drop: 0.1 }, inputs: ['ids'] }).size).toBe(4);
  });
});
