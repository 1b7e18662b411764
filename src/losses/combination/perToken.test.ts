import { describe, expect, test } from 'vitest';
import * as tf from '../../runtime/tf.ts';
import { evaluate, type LossInputs } from '../cases/lossCases.ts';
import { checkLoss, plainLogProbs, type Values } from '../cases/lossContract.ts';
import { expectPerExample } from '../cases/responseCases.ts';
import { checkUse } from '../cases/useContract.ts';
import type { LossShapes } from '../loss.ts';
import { crossEntropy } from '../response/crossEntropy.ts';
import { ctc } from '../response/ctc.ts';
import { generalizedDivergence } from '../response/generalizedDivergence.ts';
import { type SoftTargetsOptions, softTargets } from '../response/softTargets.ts';
import { exampleWeighted } from './exampleWeighted.ts';
import { perToken } from './perToken.ts';
import { uncertaintyWeighted } from './uncertaintyWeighted.ts';
import { weighted } from './weighted.ts';

const taught = (options: SoftTargetsOptions) => perToken(softTargets(options));

checkUse(() => taught({}), {
  student: { logits: [3, 4] },
  teacher: { logits: [3, 4] },
  hasOptions: false,
  mismatches: [
    [{ logits: [4] }, { logits: [4] }, {} as never, /the student's "logits" is \[\?, 4\]; each must be \[B, T, …\]/],
    [{}, { logits: [5, 4] }, {} as never, /teacher's "logits" is \[\?, 5, 4\], the student's "logits" \[\?, 3, 4\]/],
  ],
  weight: null,
});

const refused = {
  'no loss': () => perToken(undefined as never),
  'a loss that is no mean over examples': () => perToken(uncertaintyWeighted([crossEntropy()])),
  'a loss that reads sequences itself': () => perToken(ctc()),
  'weights of whole examples': () => perToken(exampleWeighted(softTargets(), { kind: 'given' })),
};

describe('perToken with a teacher', () => {
  checkLoss<SoftTargetsOptions>(taught, {
    golden: 'perToken',
    reference({ student, teacher, sequences }, { temperature = 4 }) {
      const [q, p] = [student, teacher].map((side) => plainLogProbs(side['logits'] as Values, temperature)) as [
        number[][],
        number[][],
      ];
      return meanOver(sequences, (i) =>
        (p[i] ?? []).reduce((sum, log, c) => sum + temperature ** 2 * Math.exp(log) * (log - (q[i]?.[c] ?? 0)), 0),
      );
    },
    growth: ({ student, teacher }, { temperature = 4 }) => {
      const most = Math.max(...[student, teacher].flatMap((side) => side['logits']?.values.map(Math.abs) ?? []));
      return { value: temperature ** 2 * (20 + 4 * most), gradient: temperature * (20 + 4 * most) };
    },
    refused,
  });
});

describe('perToken with texts', () => {
  checkLoss<object>(() => perToken(crossEntropy()), {
    golden: 'perTokenLabels',
    reference({ student, sequences }) {
      const q = plainLogProbs(student['logits'] as Values);
      return meanOver(sequences, (i, token) => -(q[i]?.[token] ?? 0));
    },
    growth: ({ student }) => {
      const most = Math.max(...(student['logits']?.values.map(Math.abs) ?? []));
      return { value: 20 + 4 * most, gradient: 20 };
    },
    // Its least value is 0 only where each token is sure.
    best: null,
    extremes: ['both at ±1e4', 'opposed at ±1e4', 'all zero', 'all 1e4 and all −1e4'],
    refused,
  });
});

describe('perToken, besides its contracts', () => {
  const logits = { shape: [2, 2, 3], values: [0.5, -1, 2, 0, 1, 0, 3, 2, 1, -2, 0.25, 0] };
  const inputs: LossInputs = {
    student: { logits },
    teacher: { logits: { ...logits, values: [...logits.values].reverse() } },
    sequences: { shape: [2, 2], values: [2, 1, 0, -1] },
  };

  test('is the mean of its examples, and nothing where no token counts', () => {
    expectPerExample(perToken(crossEntropy()), inputs);
    const none = { ...inputs, sequences: { shape: [2, 2], values: [-1, -1, -1, -1] } };
    const { value, student } = evaluate(perToken(crossEntropy()), none);
    expect(value).toBe(0);
    expect(student['logits']?.every((slope) => slope === 0)).toBe(true);
  });

  test('takes sums of losses on either side, and the divergence of GKD', () => {
    const both = weighted([
      { loss: generalizedDivergence({ beta: 0.3 }), weight: 2 },
      { loss: crossEntropy(), weight: 0.5 },
    ]);
    const inside = evaluate(perToken(both), inputs);
    const outside = [perToken(generalizedDivergence({ beta: 0.3 })), perToken(crossEntropy())].map((loss) =>
      evaluate(loss, inputs),
    );
    expect(inside.value).toBeCloseTo(2 * (outside[0]?.value ?? 0) + 0.5 * (outside[1]?.value ?? 0), 5);
    expect(perToken(both).reads).toEqual({ student: ['logits'], teacher: ['logits'], labels: false, sequences: true });
  });

  test('asks for the tokens that follow', () => {
    const compute = () => perToken(crossEntropy()).compute(tf, { student: {}, teacher: {} });
    expect(compute).toThrow(expect.objectContaining({ code: 'labels-missing' }));
  });

  test('says before a run what is wrong with the tokens', () => {
    const check = (values: readonly number[], length: number) =>
      perToken(crossEntropy()).checkSequences?.(
        { values: Int32Array.from(values), length, first: 7 },
        { logits: [3, 5] },
      );
    check([0, 4, -1, /**/ -1, 2, 3], 3);
    const refusal = (code: string, message: RegExp) =>
      expect.objectContaining({ code, message: expect.stringMatching(message) });
    expect(() => check([0, 1, /**/ 2, 3], 2)).toThrow(
      refusal('shape-mismatch', /3 positions, and the sequences have 2/),
    );
    expect(() => check([0, 1, 2, /**/ 0, 5, 1], 3)).toThrow(refusal('class-mismatch', /Example 8 holds the token 5/));
    expect(() => check([0, -2, 2], 3)).toThrow(refusal('class-mismatch', /token -2/));
  });

  test('holds the loss inside to the classes of a position', () => {
    const shapes = (student: number[], teacher: number[]): LossShapes => ({
      student: { logits: student },
      teacher: { logits: teacher },
      batchSize: 8,
      examples: 8,
    });
    perToken(softTargets()).check?.(shapes([3, 5], [3, 5]));
    const other = () => perToken(softTargets()).check?.(shapes([3, 5], [3, 6]));
    expect(other).toThrow(expect.objectContaining({ code: 'class-mismatch' }));
  });
});

function meanOver(sequences: Values | undefined, value: (position: number, token: number) => number): number {
  const counted = (sequences?.values ?? []).flatMap((token, i) => (token < 0 ? [] : [value(i, token)]));
  return counted.reduce((sum, one) => sum + one, 0) / counted.length;
}
