import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { logAdd } from '../../core/text/logAdd.ts';
import * as tf from '../../runtime/tf.ts';
import { evaluate, type LossInputs } from '../cases/lossCases.ts';
import { checkLoss, growthOfLogProbs, plainLogProbs, type Values } from '../cases/lossContract.ts';
import { describeOnCpu, expectPerExample } from '../cases/responseCases.ts';
import { checkUse } from '../cases/useContract.ts';
import { type CtcOptions, ctc } from './ctc.ts';

checkUse(ctc, {
  student: { logits: [6, 4] },
  mismatches: [
    [{ logits: [4] }, {}, {}, /\[\?, 4\]; it must be \[B, T, C\]/],
    [{ logits: [2, 6, 4] }, {}, {}, /\[\?, 2, 6, 4\]; it must be \[B, T, C\]/],
  ],
  replayed: [{ reduction: 'sum' }, { blank: 3 }],
  weight: 'alone',
});

describe.each([
  ['ctc', 'ctc'],
  ['ctc with another blank', 'ctcLastBlank'],
  ['ctc with labels longer than time', 'ctcZeroInfinity'],
])('%s', (_, golden) => {
  checkLoss<CtcOptions>(ctc, {
    golden,
    reference,
    growth({ student }, { reduction = 'mean' }) {
      const logits = student['logits'] as Values;
      const [rows = 1, time = 1] = logits.shape;
      // Logarithms of as many steps are added, and what is added for each example.
      const grown = time * growthOfLogProbs([logits]).reach;
      return reduction === 'mean' ? { value: grown, gradient: grown / rows } : { value: grown * rows, gradient: grown };
    },
    // Its least value is the likeliest label's, which is 0 only where each step is sure.
    best: null,
    extremes: ['both at ±1e4', 'opposed at ±1e4', 'all zero', 'all 1e4 and all −1e4'],
    refused: {
      'a blank that is no class': () => ctc({ blank: -1 }),
      'a blank between classes': () => ctc({ blank: 0.5 }),
      'a reduction that it does not have': () => ctc({ reduction: 'none' as 'sum' }),
    },
  });
});

describeOnCpu('ctc, besides its contract', () => {
  const inputs = (values: readonly number[], sequences: readonly (readonly number[])[], time: number): LossInputs => ({
    student: { logits: { shape: [sequences.length, time, values.length / time / sequences.length], values } },
    teacher: {},
    sequences: { shape: [sequences.length, sequences[0]?.length ?? 0], values: sequences.flat() },
  });

  test('is the sum over every path, one by one', () => {
    const label = fc.array(fc.integer({ min: 1, max: 2 }), { maxLength: 3 });
    const logits = fc.array(fc.integer({ min: -16, max: 16 }), { minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(label, logits, (wanted, whole) => {
        const values = whole.map((value) => value / 4);
        const padded = [...wanted, -1, -1, -1].slice(0, 3);
        const { value } = evaluate(ctc({ zeroInfinity: true, reduction: 'sum' }), inputs(values, [padded], 4));
        const likely = overAllPaths(plainLogProbs({ shape: [4, 3], values }), wanted);
        expect(value).toBeCloseTo(likely === Number.NEGATIVE_INFINITY ? 0 : -likely, 4);
      }),
      { numRuns: 30, seed: 20 },
    );
  });

  test('is infinite where no path is long enough, and only there', () => {
    const { value, student } = evaluate(
      ctc(),
      inputs(
        [1, 0, 0, 1, 1, 1, 0, 0],
        [
          [1, 1],
          [1, -1],
        ],
        2,
      ),
    );
    expect(value).toBe(Number.POSITIVE_INFINITY);
    expect(student['logits']?.slice(0, 4)).toEqual([0, 0, 0, 0]);
    expect(student['logits']?.slice(4).every((slope) => slope !== 0 && Number.isFinite(slope))).toBe(true);
  });

  test('is the mean of its examples', () => {
    const all = inputs(
      Array.from({ length: 60 }, (_, i) => Math.sin(i)),
      [
        [1, 2],
        [3, -1],
        [-1, -1],
      ],
      5,
    );
    expectPerExample(ctc(), all);
    expect(ctc({ reduction: 'sum' }).perExample).toBeUndefined();
  });

  test('asks for sequences', () => {
    const compute = () => ctc().compute(tf, { student: {}, teacher: {} });
    expect(compute).toThrow(expect.objectContaining({ code: 'labels-missing' }));
  });
});

describe('what ctc says of sequences before a run', () => {
  const check = (values: readonly number[], options: CtcOptions = {}, shape: readonly (number | null)[] = [4, 5]) =>
    ctc(options).checkSequences?.({ values: Int32Array.from(values), length: 3, first: 7 }, { logits: shape });
  const refusal = (code: string, message: string | RegExp) =>
    expect.objectContaining({ code, message: expect.stringMatching(message) });

  test('takes what the steps have room for', () => {
    check([1, 2, 3, /**/ 1, 1, 2, /**/ -1, -1, -1, /**/ 4, 4, -1]);
    check([0, 1, 2], { blank: 4 });
    check([1, 1, 1], {}, [5, 5]);
    // A student of any length says nothing of it.
    check([1, 1, 1], {}, [null, 5]);
  });

  test('refuses a label longer than time, counting the blanks between repeats, unless it shall count nothing', () => {
    expect(() => check([1, 2, 3, /**/ 1, 1, 1])).toThrow(
      refusal('sequence-too-long', /example 8 needs 5 steps \(3 characters, a blank between 2 .* gives 4/),
    );
    check([1, 1, 1], { zeroInfinity: true });
  });

  test('refuses what is no character', () => {
    expect(() => check([1, 5, -1])).toThrow(refusal('class-mismatch', /example 7 holds 5, outside .* 5 classes/));
    expect(() => check([1, 2, -1, /**/ 1, 0, -1])).toThrow(
      refusal('class-mismatch', /example 8 holds the blank \(0\)/),
    );
    expect(() => check([1, -2, -1])).toThrow(refusal('class-mismatch', /holds -2/));
    expect(() => check([1, -1, 2])).toThrow(refusal('class-mismatch', /holds 2/));
  });

  test('refuses a blank that the student does not have, and a student of the blank alone', () => {
    const shapes = (of: readonly number[]) => ({ student: { logits: of }, teacher: {}, batchSize: 8, examples: 8 });
    expect(() => ctc({ blank: 5 }).check?.(shapes([4, 5]))).toThrow(refusal('class-mismatch', /class 5 for the blank/));
    expect(() => ctc().check?.(shapes([4, 1]))).toThrow(refusal('class-mismatch', /class 0 for the blank/));
    ctc({ blank: 4 }).check?.(shapes([4, 5]));
  });
});

/** ln of the probability of a label: forward variables in plain numbers, state by state. */
function labelLogProb(logProbs: readonly (readonly number[])[], label: readonly number[], blank: number): number {
  const states = [blank, ...label.flatMap((one) => [one, blank])];
  let reached = states.map((_, s) => (s < 2 ? 0 : Number.NEGATIVE_INFINITY));
  logProbs.forEach((row, step) => {
    const before = reached;
    const at = (s: number) => before[s] ?? Number.NEGATIVE_INFINITY;
    reached = states.map((one, s) => {
      const mayPass = one !== blank && one !== states[s - 2];
      const sum = step === 0 ? at(s) : logAdd(logAdd(at(s), at(s - 1)), mayPass ? at(s - 2) : Number.NEGATIVE_INFINITY);
      return sum + (row[one] as number);
    });
  });
  const [last = 0, another = Number.NEGATIVE_INFINITY] = reached.slice(-2).reverse();
  return logAdd(last, another);
}

function reference({ student, sequences }: LossInputs, options: CtcOptions): number {
  const { blank = 0, reduction = 'mean' } = options;
  const { shape, values } = student['logits'] as Values;
  const [rows = 0, time = 0] = shape;
  const logProbs = plainLogProbs({ shape, values });
  const length = sequences?.shape[1] ?? 0;
  const each = Array.from({ length: rows }, (_, row) => {
    const label = (sequences?.values ?? []).slice(row * length, (row + 1) * length).filter((one) => one >= 0);
    const loss = -labelLogProb(logProbs.slice(row * time, (row + 1) * time), label, blank);
    if (loss === Number.POSITIVE_INFINITY) return 0;
    return reduction === 'mean' ? loss / Math.max(1, label.length) / rows : loss;
  });
  return each.reduce((sum, loss) => sum + loss, 0);
}

/** The same by going through all paths. */
function overAllPaths(logProbs: readonly (readonly number[])[], label: readonly number[]): number {
  const classes = logProbs[0]?.length ?? 0;
  let total = Number.NEGATIVE_INFINITY;
  for (let path = 0; path < classes ** logProbs.length; path++) {
    const steps = logProbs.map((_, step) => Math.floor(path / classes ** step) % classes);
    const read = steps.filter((one, step) => one !== 0 && one !== steps[step - 1]);
    if (read.join() !== label.join()) continue;
    total = logAdd(
      total,
      steps.reduce((sum, one, step) => sum + (logProbs[step]?.[one] as number), 0),
    );
  }
  return total;
}
