import { describe, expect, test } from 'vitest';
import * as tf from '../../runtime/tf.ts';
import { checkLoss, type LossInputs, type Values } from '../cases/lossContract.ts';
import { checkPairLoss, plainSoftmax } from '../cases/pairCases.ts';
import { dot, mean, plainExamples, plainUnit } from '../cases/plainCases.ts';
import { checkUse, onRelations } from '../cases/useContract.ts';
import type { Loss, LossTensors } from '../loss.ts';
import { type ContrastiveOptions, contrastive } from './contrastive.ts';

/** All but one: a single feature does not fit the projection. */
const EXTREMES = ['both at ±1e4', 'opposed at ±1e4', 'all zero', 'all 1e4 and all −1e4'] as const;

/** The golden file's banks: place j holds example j, and what is beyond the ten examples is empty. */
const bankIndex = (j: number) => (j < 10 ? j : -1);

checkUse(contrastive, {
  ...onRelations,
  mismatches: [[{}, { b: [null, 3] }, {}, /output of a fixed size/]],
  weight: { of: 'rows' },
});

describe('contrastive with a bank', () => {
  checkLoss<ContrastiveOptions>(banked, {
    golden: 'contrastiveBank',
    reference,
    growth,
    best: null,
    extremes: EXTREMES,
    refused: {},
    known: { contrastive: banked },
  });
});

describe('contrastive', () => {
  checkLoss<ContrastiveOptions>(banked, {
    golden: 'contrastive',
    reference,
    growth,
    best: null,
    refused: {
      'a temperature of 0': () => contrastive({ temperature: 0 }),
      'an embedding without length': () => contrastive({ embeddingLength: 0 }),
      'half a bank': () => contrastive({ bank: 0.5 }),
      'a bank of less than nothing': () => contrastive({ bank: -1 }),
      'a bank that fills the memory': () => contrastive({ bank: 65_537 }),
      'an option that it does not have': () => contrastive({ negatives: 5 } as ContrastiveOptions),
    },
    known: { contrastive: banked },
    extremes: EXTREMES,
  });
  checkPairLoss(() => contrastive(), {
    studentKernel: [4, 128],
    studentBias: [128],
    teacherKernel: [6, 128],
    teacherBias: [128],
  });

  test('has the defaults that it documents', () => {
    expect(contrastive().options).toEqual({ output: 'logits', temperature: 0.07, embeddingLength: 128, bank: 0 });
    expect(contrastive().reads).toEqual({ student: ['logits'], teacher: ['logits'], labels: false });
    expect(contrastive().isStatic).toBe(true);
    expect(contrastive({ bank: 8 }).reads).toMatchObject({ indices: true });
    expect(contrastive({ bank: 8 }).isStatic).toBe(true);
  });
  test('is log B where all are alike, and nearly 0 where each is like its own teacher only', () => {
    const alike = tf.tensor2d(Array(32).fill(1), [8, 4]);
    expect(lossAt(alike, alike)).toBeCloseTo(Math.log(8), 5);
    const apart = tf.eye(4) as tf.Tensor2D;
    expect(lossAt(apart, apart)).toBeLessThan(1e-4);
    const turned = tf.reverse(apart, 0);
    expect(lossAt(apart, turned)).toBeGreaterThan(Math.log(4));
    const between = tf.add(tf.mul(apart, 0.1), tf.mul(turned, 0.9)) as tf.Tensor2D;
    expect(lossAt(between, apart)).toBeLessThan(lossAt(turned, apart));
  });

  test('gives each example its share, and their mean', () => {
    const tensors = identity(tf.randomNormal([6, 4], 0, 1, 'float32', 1), tf.randomNormal([6, 4], 0, 1, 'float32', 2));
    const loss = contrastive({ embeddingLength: 4 });
    const rows = loss.perExample?.(tf, tensors).dataSync() as Float32Array;
    expect(rows.length).toBe(6);
    expect(mean([...rows])).toBeCloseTo(loss.compute(tf, tensors).dataSync()[0] as number, 5);
  });

  test('asks for no more places than there are examples', () => {
    const shapes = { student: { logits: [3, 3, 2] }, teacher: { logits: [5] }, batchSize: 64, examples: 100 };
    expect(contrastive({ bank: 4096 }).parameters?.(shapes)).toMatchObject({
      studentKernel: { shape: [18, 128] },
      teacherKernel: { shape: [5, 128] },
      studentBank: { shape: [100, 128], isTrained: false },
      bankIndices: { shape: [100], initial: -1, isTrained: false },
    });
    expect(Object.keys(contrastive().parameters?.(shapes) ?? {})).toHaveLength(4);
    const free = { ...shapes, student: { logits: [null, 8] } };
    expect(() => contrastive().check?.(free)).toThrow(expect.objectContaining({ code: 'shape-mismatch' }));
  });

  test('keeps the newest embeddings, forgets the oldest, and spares an example its own', () => {
    const loss = contrastive({ embeddingLength: 4, bank: 3, temperature: 1 });
    const bank = {
      studentBank: tf.variable(tf.zeros([3, 4]), false),
      teacherBank: tf.variable(tf.zeros([3, 4]), false),
      bankIndices: tf.variable(tf.fill([3], -1), false),
    };
    const step = (indices: number[], at = indices) => {
      const rows = tf.gather(tf.eye(4), tf.tensor1d(at, 'int32')) as tf.Tensor2D;
      const { parameters, ...sides } = identity(rows, rows);
      const given = { ...sides, indices: tf.tensor1d(indices, 'int32'), parameters: { ...parameters, ...bank } };
      return loss.compute(tf, given).dataSync()[0] as number;
    };
    const one = Math.log(1 + 1 / Math.E);
    // The bank is empty: each of two examples has the other as its only negative.
    expect(step([0, 1])).toBeCloseTo(one, 5);
    expect([...bank.bankIndices.dataSync()]).toEqual([0, 1, -1]);
    // Its own earlier embedding is no negative, the one of example 1 is.
    expect(step([0])).toBeCloseTo(one, 5);
    expect([...bank.bankIndices.dataSync()]).toEqual([0, 0, 1]);
    // Another example that looks as example 0 does meets both of its embeddings, and that of 1.
    expect(step([3], [0])).toBeCloseTo(Math.log(3 + 1 / Math.E), 5);
    expect([...bank.bankIndices.dataSync()]).toEqual([3, 0, 0]);
    expect(step([0, 1, 2, 3])).toBeGreaterThan(0);
    expect([...bank.bankIndices.dataSync()]).toEqual([0, 1, 2]);
    expect([...bank.teacherBank.dataSync()].slice(0, 5)).toEqual([1, 0, 0, 0, 0]);
  });
});

/** A loss whose banks, if it has any, are variables again: the contract gives plain tensors. */
function banked(options: ContrastiveOptions): Loss {
  const loss = contrastive(options);
  if (loss.options['bank'] === 0) return loss;
  const holding = <T>(tensors: LossTensors, compute: (tensors: LossTensors) => T): T => {
    const { studentBank, teacherBank, ...trained } = tensors.parameters ?? {};
    const bankIndices = Array.from({ length: studentBank?.shape[0] ?? 0 }, (_, j) => bankIndex(j));
    const bank = {
      studentBank: tf.variable(studentBank as tf.Tensor, false),
      teacherBank: tf.variable(teacherBank as tf.Tensor, false),
      bankIndices: tf.tidy(() => tf.variable(tf.tensor1d(bankIndices), false)),
    };
    const result = compute({ ...tensors, parameters: { ...trained, ...bank } });
    tf.dispose(bank);
    return result;
  };
  return { ...loss, compute: (_, tensors) => holding(tensors, (held) => loss.compute(tf, held)) };
}

/** Cosines, and how they turn with the features, are divided by the temperature. */
function growth(inputs: LossInputs, options: ContrastiveOptions) {
  const { temperature = 0.07 } = options;
  return { value: 20 * (reference(inputs, options) + 1 / temperature), gradient: 20 / temperature };
}

function reference(inputs: LossInputs, { temperature = 0.07 }: ContrastiveOptions): number {
  const { indices = [], parameters = {} } = inputs;
  const embedded = (values: Values | undefined, side: string) => {
    const bias = parameters[`${side}Bias`]?.values ?? [];
    const kernel = parameters[`${side}Kernel`]?.values ?? [];
    return plainExamples(values as Values).map((row) =>
      plainUnit(
        bias.map(
          (start, e) =>
            start +
            dot(
              row,
              row.map((_, d) => kernel[d * bias.length + e] as number),
            ),
        ),
      ),
    );
  };
  const student = embedded(inputs.student['logits'], 'student');
  const teacher = embedded(inputs.teacher['logits'], 'teacher');
  const bankOf = (side: string) => {
    const bank = parameters[`${side}Bank`];
    return bank === undefined ? [] : plainExamples(bank);
  };
  const surprise = (anchors: number[][], others: number[][], bank: number[][]) =>
    anchors.map((anchor, i) => {
      const negatives = bank.filter((_, j) => bankIndex(j) >= 0 && bankIndex(j) !== indices[i]);
      return -Math.log(
        plainSoftmax([...others, ...negatives].map((row) => dot(anchor, row) / temperature))[i] as number,
      );
    });
  const both = [...surprise(student, teacher, bankOf('teacher')), ...surprise(teacher, student, bankOf('student'))];
  return mean(both);
}

/** Projections that change nothing, for features of length 4. */
function identity(student: tf.Tensor2D, teacher: tf.Tensor2D): LossTensors {
  const parameters = {
    studentKernel: tf.eye(4),
    studentBias: tf.zeros([4]),
    teacherKernel: tf.eye(4),
    teacherBias: tf.zeros([4]),
  };
  return { student: { logits: student }, teacher: { logits: teacher }, parameters };
}

function lossAt(student: tf.Tensor2D, teacher: tf.Tensor2D): number {
  return contrastive({ embeddingLength: 4 }).compute(tf, identity(student, teacher)).dataSync()[0] as number;
}
