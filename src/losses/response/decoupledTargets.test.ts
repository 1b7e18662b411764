import { describe, expect, test } from 'vitest';
import { argMax } from '../../core/stats.ts';
import { evaluate, type LossInputs } from '../cases/lossCases.ts';
import { checkLoss, plainLogProbs, type Values } from '../cases/lossContract.ts';
import { mean } from '../cases/plainCases.ts';
import {
  describeOnCpu,
  expectLabelsMissing,
  expectPerExample,
  growthOfDivergence,
  plainDivergence,
  randomInputs,
  refusalOf,
  shapesOf,
} from '../cases/responseCases.ts';
import { checkUse, onLogits } from '../cases/useContract.ts';
import { type DecoupledTargetsOptions, decoupledTargets } from './decoupledTargets.ts';
import { softTargets } from './softTargets.ts';

checkUse(decoupledTargets, { ...onLogits, weight: { of: 'logits' } });

describe('decoupledTargets', () => {
  checkLoss<DecoupledTargetsOptions>(decoupledTargets, {
    golden: 'decoupledTargets',
    reference({ student, teacher, labels = [] }, { alpha = 1, beta = 8, temperature = 4 }) {
      const p = plainLogProbs(teacher['logits'] as Values, temperature);
      const q = plainLogProbs(student['logits'] as Values, temperature);
      const rows = labels.map((given, i) => {
        const label = given === UNLABELLED ? argMax(p[i] as number[], 0, p[i]?.length ?? 0) : given;
        const [ofTeacher, ofStudent] = [p, q].map((side) => split(side[i] as number[], label));
        if (ofTeacher === undefined || ofStudent === undefined || ofTeacher.others.length === 0) return 0;
        const target = plainDivergence(ofTeacher.binary, ofStudent.binary);
        return alpha * target + beta * plainDivergence(ofTeacher.others, ofStudent.others);
      });
      return temperature ** 2 * mean(rows);
    },
    growth(inputs, { alpha = 1, beta = 8, temperature = 4 }) {
      // Taking away the label and making the rest a distribution again: as many logarithms once more.
      const { value, gradient } = growthOfDivergence(inputs, temperature);
      return { value: 2 * (alpha + beta) * value, gradient: 2 * (alpha + beta) * gradient };
    },
    refused: {
      'a temperature of 0': () => decoupledTargets({ temperature: 0 }),
      'a negative alpha': () => decoupledTargets({ alpha: -1 }),
      'a beta that is no number': () => decoupledTargets({ beta: Number.NaN }),
      'an option that it does not have': () => decoupledTargets({ gamma: 1 } as DecoupledTargetsOptions),
    },
  });

  test('has the defaults that it documents', () => {
    expect(decoupledTargets().options).toEqual({ alpha: 1, beta: 8, temperature: 4, output: 'logits' });
    expect(decoupledTargets().reads).toEqual({ student: ['logits'], teacher: ['logits'], labels: true });
  });
});

describeOnCpu('decoupledTargets, besides its contract', () => {
  test('is the mean of its examples', () => expectPerExample(decoupledTargets(), randomInputs([6, 5])));

  test('is plain soft targets where β is what the teacher leaves to the other classes', () => {
    const inputs = randomInputs([1, 4]);
    const [row] = plainLogProbs(inputs.teacher['logits'] as Values, 2);
    const beta = 1 - Math.exp(row?.[inputs.labels?.[0] as number] as number);
    const decoupled = evaluate(decoupledTargets({ alpha: 1, beta, temperature: 2 }), inputs);
    const plain = evaluate(softTargets({ temperature: 2 }), inputs);
    expect(decoupled.value).toBeCloseTo(plain.value, 5);
  });

  test('stays finite where the student is certain', () => {
    const inputs: LossInputs = {
      student: { logits: { shape: [1, 3], values: [400, 0, 0] } },
      teacher: { logits: { shape: [1, 3], values: [1, 0, 0] } },
      labels: [0],
    };
    const { value, student } = evaluate(decoupledTargets({ temperature: 1, beta: 0 }), inputs);
    // 1 − p of the teacher is 2 / (e + 2), of the student 2 e⁻⁴⁰⁰: its logarithm is log 2 − 400.
    expect(value).toBeCloseTo(
      (2 / (Math.E + 2)) * 400 - entropyOfTwo(2 / (Math.E + 2)) - (2 / (Math.E + 2)) * Math.LN2,
      3,
    );
    expect(student['logits']?.every(Number.isFinite)).toBe(true);
  });

  test('says before the first step what it cannot compare', () => {
    expect(refusalOf(decoupledTargets(), shapesOf([10]))).toBeUndefined();
    expect(refusalOf(decoupledTargets(), shapesOf([10], [9]))).toBe('class-mismatch');
    expect(refusalOf(decoupledTargets(), shapesOf([4, 10]))).toBe('shape-mismatch');
    expect(refusalOf(decoupledTargets(), shapesOf([10], [4, 10]))).toBe('shape-mismatch');
  });

  test("takes the teacher's class where there is no label", () => {
    const { student, teacher } = randomInputs([3, 4]);
    const logits = teacher['logits'] as Values;
    const named = Array.from({ length: 3 }, (_, i) => argMax(logits.values as number[], 4 * i, 4));
    const [first = 0, , last = 0] = named;
    const evaluated = (labels: readonly number[]) => evaluate(decoupledTargets(), { student, teacher, labels });
    expect(evaluated([UNLABELLED, 2, UNLABELLED])).toEqual(evaluated([first, 2, last]));
    expect(decoupledTargets().allowsUnlabelled).toBe(true);
  });

  test('refuses to work without labels', () => {
    expectLabelsMissing(decoupledTargets());
  });
});

/** The sign of an example without a label; `data` has it, and losses know nothing of data. */
const UNLABELLED = -1;

/** log [p, 1 − p] of the label, and the logs of the others as a distribution of their own. */
function split(logProbs: readonly number[], label: number) {
  const rest = logProbs.filter((_, c) => c !== label);
  const most = Math.max(...rest);
  const mass = most + Math.log(rest.reduce((sum, log) => sum + Math.exp(log - most), 0));
  return { binary: [logProbs[label] as number, mass], others: rest.map((log) => log - mass) };
}

function entropyOfTwo(p: number): number {
  return -p * Math.log(p) - (1 - p) * Math.log(1 - p);
}
