import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { logProbsOf } from '../logProbs.ts';
import { encodeTexts } from './alphabet.ts';
import { type DecodeCtcOptions, decodeCtc } from './decodeCtc.ts';
import { logAdd } from './logAdd.ts';

const ALPHABET = 'ab';
/** Steps of three classes: the blank and the two characters. */
const steps = (...rows: readonly number[][]) => ({ data: Float32Array.from(rows.flat()), shape: [1, rows.length, 3] });
const [blank, a, b] = [
  [5, 0, 0],
  [0, 5, 0],
  [0, 0, 5],
];
const read = (answers: Parameters<typeof decodeCtc>[0], options: Partial<DecodeCtcOptions> = {}) =>
  decodeCtc(answers, { alphabet: ALPHABET, ...options });

/** Every text of a model's answers with its probability, by going through all paths. */
function byAllPaths(logProbs: ArrayLike<number>, time: number): Map<string, number> {
  const texts = new Map<string, number>();
  for (let path = 0; path < 3 ** time; path++) {
    const classes = Array.from({ length: time }, (_, step) => Math.floor(path / 3 ** step) % 3);
    const text = classes
      .filter((one, step) => one !== 0 && one !== classes[step - 1])
      .map((one) => ALPHABET[one - 1])
      .join('');
    const likely = classes.reduce((sum, one, step) => sum + (logProbs[3 * step + one] as number), 0);
    texts.set(text, logAdd(texts.get(text) ?? Number.NEGATIVE_INFINITY, likely));
  }
  return texts;
}

/** Prefix beam search on texts: every class may follow every beginning. */
function slowBeam(
  logProbs: ArrayLike<number>,
  { alphabet, time, width }: { alphabet: string; time: number; width: number },
): { text: string; logProb: number } {
  let beam = new Map([['', { blank: 0, character: Number.NEGATIVE_INFINITY }]]);
  for (let step = 0; step < time; step++) {
    const at = (of: number) => logProbs[step * (alphabet.length + 1) + of] as number;
    const next: typeof beam = new Map();
    const add = (text: string, which: 'blank' | 'character', amount: number) => {
      const scores = next.get(text) ?? { blank: Number.NEGATIVE_INFINITY, character: Number.NEGATIVE_INFINITY };
      next.set(text, { ...scores, [which]: logAdd(scores[which], amount) });
    };
    for (const [text, { blank: ofBlank, character }] of beam) {
      add(text, 'blank', logAdd(ofBlank, character) + at(0));
      for (const [i, one] of Array.from(alphabet).entries()) {
        const isSame = text.endsWith(one);
        if (isSame) add(text, 'character', character + at(i + 1));
        add(text + one, 'character', (isSame ? ofBlank : logAdd(ofBlank, character)) + at(i + 1));
      }
    }
    const all = [...next].map(([text, scores]) => ({ text, scores, total: logAdd(scores.blank, scores.character) }));
    const best = all.sort((x, y) => y.total - x.total).slice(0, width);
    beam = new Map(best.map(({ text, scores }) => [text, scores]));
  }
  const [[text, scores] = ['', { blank: 0, character: 0 }]] = beam;
  return { text, logProb: logAdd(scores.blank, scores.character) };
}

const logits = fc
  .integer({ min: 1, max: 5 })
  .chain((time) => fc.array(fc.integer({ min: -12, max: 12 }), { minLength: 3 * time, maxLength: 3 * time }))
  .map((whole) => ({ data: Float32Array.from(whole, (value) => value / 4), shape: [1, whole.length / 3, 3] }));

describe('greedy', () => {
  test('joins equal neighbours and leaves out blanks', () => {
    expect(read(steps(a, a, blank, a, b, b))[0]?.text).toBe('aab');
    expect(read(steps(blank, blank))[0]).toMatchObject({ text: '', classes: [] });
  });

  test('tells how likely its path is', () => {
    fc.assert(
      fc.property(logits, (answers) => {
        const logProbs = logProbsOf(answers);
        const [, time = 0] = answers.shape;
        const best = Array.from({ length: time }, (_, step) => Math.max(...logProbs.slice(3 * step, 3 * step + 3)));
        expect(read(answers)[0]?.logProb).toBeCloseTo(
          best.reduce((sum, one) => sum + one, 0),
          9,
        );
      }),
      { numRuns: 50, seed: 1 },
    );
  });
});

describe('beam', () => {
  test('finds the likeliest of all texts, and its probability, where it keeps all beginnings', () => {
    fc.assert(
      fc.property(logits, (answers) => {
        const texts = byAllPaths(logProbsOf(answers), answers.shape[1] as number);
        const [found] = read(answers, { method: 'beam', beamWidth: 500 });
        expect(found?.logProb).toBeCloseTo(Math.max(...texts.values()), 9);
        expect(texts.get(found?.text ?? '')).toBeCloseTo(found?.logProb as number, 9);
      }),
      { numRuns: 200, seed: 2 },
    );
  });

  test('never claims more than a text has, however narrow it is', () => {
    fc.assert(
      fc.property(logits, fc.integer({ min: 1, max: 4 }), (answers, beamWidth) => {
        const texts = byAllPaths(logProbsOf(answers), answers.shape[1] as number);
        const [found] = read(answers, { method: 'beam', beamWidth });
        expect(found?.logProb).toBeLessThanOrEqual((texts.get(found?.text ?? '') as number) + 1e-9);
      }),
      { numRuns: 100, seed: 3 },
    );
  });

  test('gives what a search gives that lengthens each beginning by every class', () => {
    const wide = fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 60, maxLength: 60 });
    const alphabet = 'abcdefghijk';
    fc.assert(
      fc.property(wide, fc.integer({ min: 1, max: 6 }), (whole, beamWidth) => {
        // No two are alike, so that no order of equal ones matters.
        const answers = { data: Float32Array.from(whole, (value, i) => value / 3 + i / 997), shape: [1, 5, 12] };
        const slow = slowBeam(logProbsOf(answers), { alphabet, time: 5, width: beamWidth });
        const [found] = decodeCtc(answers, { alphabet, method: 'beam', beamWidth });
        expect(found?.text).toBe(slow.text);
        expect(found?.logProb).toBeCloseTo(slow.logProb, 9);
      }),
      { numRuns: 60, seed: 4 },
    );
  });

  test('prefers a text that many paths give to the likeliest path', () => {
    // The likeliest path is two blanks (0.36); "a" has 0.24 + 0.24 + 0.16.
    const answers = { data: Float32Array.of(0.6, 0.4, 0, 0.6, 0.4, 0), shape: [1, 2, 3] };
    expect(read(answers, { given: 'probs' })[0]).toMatchObject({
      text: '',
      logProb: expect.closeTo(Math.log(0.36), 6),
    });
    expect(read(answers, { given: 'probs', method: 'beam' })[0]).toMatchObject({
      text: 'a',
      logProb: expect.closeTo(Math.log(0.64), 6),
    });
  });
});

test('reads several lines, each by itself, and another blank', () => {
  const two = { data: Float32Array.from([a, blank, b, b].flat() as number[]), shape: [2, 2, 3] };
  expect(read(two).map(({ text }) => text)).toEqual(['a', 'b']);
  // The last class is blank: the first is "a", the second "b".
  expect(read(steps(a as number[], blank as number[]), { blank: 2 })[0]?.text).toBe('ba');
});

test('refuses what it cannot read', () => {
  const refused = (code: string) => expect.objectContaining({ code });
  expect(() => read({ data: new Float32Array(6), shape: [2, 3] })).toThrow(refused('shape-mismatch'));
  expect(() => read({ data: new Float32Array(5), shape: [1, 2, 3] })).toThrow(refused('shape-mismatch'));
  expect(() => decodeCtc(steps(a as number[]), { alphabet: 'abc' })).toThrow(refused('class-mismatch'));
  for (const alphabet of ['', 'aa', ['a', ''], [], 3 as unknown as string]) {
    expect(() => decodeCtc(steps(a as number[]), { alphabet }), `${alphabet}`).toThrow(refused('invalid-option'));
  }
  expect(() => read(steps(a as number[]), { blank: 3 })).toThrow(refused('invalid-option'));
  expect(() => read(steps(a as number[]), { beamWidth: 0 })).toThrow(refused('invalid-option'));
});

describe('texts as classes', () => {
  test('are what decodeCtc reads again', () => {
    expect(encodeTexts(['ba', ''], { alphabet: ALPHABET })).toEqual([[2, 1], []]);
    expect(encodeTexts(['ba'], { alphabet: ['a', 'b'], blank: 2 })).toEqual([[1, 0]]);
    expect(encodeTexts(['e\u0301'], { alphabet: 'aé' })).toEqual([[2]]);
  });

  test('must be of the alphabet', () => {
    expect(() => encodeTexts(['a', 'abc'], { alphabet: ALPHABET })).toThrow(
      expect.objectContaining({ code: 'class-mismatch', message: expect.stringMatching(/Text 1, "abc", holds "c"/) }),
    );
  });
});
