import { describe, expect, test } from 'vitest';
import * as tf from '../../runtime/tf.ts';
import { checkLoss, type LossContract, type LossInputs, plainLogProbs, type Values } from '../cases/lossContract.ts';
import { checkPairLoss } from '../cases/pairCases.ts';
import { dot, mean, plainExamples, plainUnit } from '../cases/plainCases.ts';
import { describeOnCpu } from '../cases/responseCases.ts';
import { checkUse, onRelations } from '../cases/useContract.ts';
import type { Loss } from '../loss.ts';
import { type RelationalRepresentationOptions, relationalRepresentation } from './relationalRepresentation.ts';

checkUse(relationalRepresentation, {
  ...onRelations,
  mismatches: [[{}, { b: [null, 3] }, {}, /output of a fixed size/]],
  weight: { of: 'rows' },
});

const contract: Omit<LossContract<RelationalRepresentationOptions>, 'golden'> = {
  reference(inputs, { temperature = 0.1, teacherTemperature = 0.02 }) {
    const { parameters = {} } = inputs;
    const bias = parameters['studentBias']?.values ?? [];
    const student = mapped(inputs.student['logits'], parameters['studentKernel']).map((row) =>
      plainUnit(row.map((value, e) => value + (bias[e] as number))),
    );
    const teacher = mapped(inputs.teacher['logits'], parameters['teacherViews']).map(plainUnit);
    const bank = parameters['teacherBank'];
    const others = [...teacher, ...(bank === undefined ? [] : plainExamples(bank))];
    const spread = (rows: number[][], by: number) => {
      const values = rows.flatMap((row) => others.map((other) => dot(row, other)));
      return plainLogProbs({ shape: [rows.length, others.length], values }, by);
    };
    const [p, q] = [spread(teacher, teacherTemperature), spread(student, temperature)];
    return mean(p.map((row, i) => row.reduce((sum, log, j) => sum + Math.exp(log) * (log - (q[i]?.[j] as number)), 0)));
  },
  // Cosines, and how they turn with the features, are divided by the temperatures.
  growth(inputs, options) {
    const { temperature = 0.1, teacherTemperature = 0.02 } = options;
    const value = contract.reference(inputs, options) + 1 / Math.min(temperature, teacherTemperature);
    return { value: 20 * value, gradient: 20 / temperature };
  },
  // The student's spread is blunter than the teacher's, and its projection is learned.
  best: null,
  // A single feature does not fit the projection.
  extremes: ['both at ±1e4', 'opposed at ±1e4', 'all zero', 'all 1e4 and all −1e4'],
  refused: {
    'a temperature of 0': () => relationalRepresentation({ temperature: 0 }),
    'a temperature of the teacher below 0': () => relationalRepresentation({ teacherTemperature: -1 }),
    'no length': () => relationalRepresentation({ embeddingLength: 0 }),
    'a bank beyond all memory': () => relationalRepresentation({ bank: 70_000 }),
    'an option that it does not have': () => relationalRepresentation({ k: 2 } as RelationalRepresentationOptions),
  },
};

describe('relationalRepresentation', () => {
  checkLoss<RelationalRepresentationOptions>(relationalRepresentation, {
    ...contract,
    golden: 'relationalRepresentation',
  });
  checkPairLoss(() => relationalRepresentation({ embeddingLength: 4 }), {
    studentKernel: [4, 4],
    studentBias: [4],
    teacherViews: [6, 4],
  });

  test('has the defaults that it documents', () => {
    const { options, reads } = relationalRepresentation();
    const defaults = { temperature: 0.1, teacherTemperature: 0.02, embeddingLength: 128, bank: 0 };
    expect(options).toEqual({ output: 'logits', ...defaults });
    expect(reads).toEqual({ student: ['logits'], teacher: ['logits'], labels: false });
  });
});

describe('relationalRepresentation with a bank', () => {
  const known = { relationalRepresentation: banked };
  checkLoss<RelationalRepresentationOptions>(banked, { ...contract, golden: 'relationalRepresentationBank', known });
});

describeOnCpu('the bank of relationalRepresentation', () => {
  test('holds the teacher’s latest embeddings; an empty place says nothing', () => {
    const shapes = { student: { logits: [4] }, teacher: { logits: [4] }, batchSize: 1, examples: 3 };
    const loss = relationalRepresentation({ embeddingLength: 4, bank: 10 });
    expect(() => loss.check?.(shapes)).not.toThrow();
    expect(loss.isStatic).toBe(true);
    expect(loss.parameters?.(shapes)['teacherBank']).toEqual({ shape: [3, 4], initial: 0, isTrained: false });
    const teacherBank = tf.variable(tf.zeros([3, 4]), false);
    const parameters = { studentKernel: tf.eye(4), studentBias: tf.zeros([4]), teacherViews: tf.eye(4), teacherBank };
    const step = (student: number, teacher: number) => {
      const rowOf = (at: number) => tf.tensor2d([[0, 1, 2, 3].map((i) => (i === at ? 2 : 0))]);
      const sides = { student: { logits: rowOf(student) }, teacher: { logits: rowOf(teacher) } };
      return loss.compute(tf, { ...sides, parameters }).dataSync()[0] as number;
    };
    // Nothing to compare with but itself.
    expect(step(1, 0)).toBeCloseTo(0, 5);
    expect([...teacherBank.dataSync()].slice(0, 8)).toEqual([1, 0, 0, 0, 0, 0, 0, 0]);
    // Now the first is kept, and the student takes the second for it.
    expect(step(0, 1)).toBeCloseTo(10, 3);
    expect(step(2, 2)).toBeLessThan(1e-3);
    expect([...teacherBank.dataSync()]).toEqual([0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0]);
  });
});

/** A loss whose bank is a variable again: the contract gives plain tensors. */
function banked(options: RelationalRepresentationOptions): Loss {
  const loss = relationalRepresentation(options);
  return {
    ...loss,
    compute(_, { parameters = {}, ...tensors }) {
      const teacherBank = tf.variable(parameters['teacherBank'] as tf.Tensor, false);
      const value = loss.compute(tf, { ...tensors, parameters: { ...parameters, teacherBank } });
      tf.dispose(teacherBank);
      return value;
    },
  };
}

/** values · kernel. */
function mapped(of: Values | undefined, kernel: LossInputs['student'][string] | undefined): number[][] {
  const { shape, values } = kernel as Values;
  const to = shape[1] as number;
  return plainExamples(of as Values).map((row) =>
    Array.from({ length: to }, (_, e) =>
      row.reduce((sum, value, d) => sum + value * (values[d * to + e] as number), 0),
    ),
  );
}
