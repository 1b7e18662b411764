import { describe, expect, test } from 'vitest';
import { evaluate } from '../cases/lossCases.ts';
import { checkLoss, plainLogProbs, type Values } from '../cases/lossContract.ts';
import { mean } from '../cases/plainCases.ts';
import {
  describeOnCpu,
  expectPerExample,
  growthOfDivergence,
  plainDivergence,
  randomInputs,
  refusalOf,
  shapesOf,
} from '../cases/responseCases.ts';
import { checkUse, onLogits } from '../cases/useContract.ts';
import { type GeneralizedDivergenceOptions, generalizedDivergence } from './generalizedDivergence.ts';
import { softTargets } from './softTargets.ts';

checkUse(generalizedDivergence, { ...onLogits, weight: { of: 'logits' } });

describe('generalizedDivergence', () => {
  checkLoss<GeneralizedDivergenceOptions>(generalizedDivergence, {
    golden: 'generalizedDivergence',
    reference({ student, teacher }, { beta = 0.5, temperature = 1 }) {
      const p = plainLogProbs(teacher['logits'] as Values, temperature);
      const q = plainLogProbs(student['logits'] as Values, temperature);
      return temperature ** 2 * mean(p.map((row, i) => between(row, q[i] as number[], beta)));
    },
    growth(inputs, { temperature = 1 }) {
      const { value, gradient } = growthOfDivergence(inputs, temperature);
      return { value: 2 * value, gradient: 2 * gradient };
    },
    refused: {
      'a beta above 1': () => generalizedDivergence({ beta: 1.1 }),
      'a negative beta': () => generalizedDivergence({ beta: -0.1 }),
      'a temperature of 0': () => generalizedDivergence({ temperature: 0 }),
      'an option that it does not have': () => generalizedDivergence({ temprature: 4 } as GeneralizedDivergenceOptions),
    },
  });

  test('has the defaults that it documents', () => {
    expect(generalizedDivergence().options).toEqual({ beta: 0.5, temperature: 1, output: 'logits' });
    expect(generalizedDivergence().reads).toEqual({ student: ['logits'], teacher: ['logits'], labels: false });
  });
});

describeOnCpu('generalizedDivergence, besides its contract', () => {
  test('is the mean of its examples, and of their tokens', () => {
    expectPerExample(generalizedDivergence(), randomInputs([6, 5]));
    expectPerExample(generalizedDivergence(), randomInputs([3, 4, 5]));
  });

  test('is softTargets at β = 0, and the same with the sides exchanged at β = 1', () => {
    const { student, teacher } = randomInputs([3, 4]);
    const forward = evaluate(softTargets({ temperature: 2 }), { student, teacher });
    expect(evaluate(generalizedDivergence({ beta: 0, temperature: 2 }), { student, teacher }).value).toBeCloseTo(
      forward.value,
      5,
    );
    const exchanged = { student: teacher, teacher: student };
    expect(evaluate(generalizedDivergence({ beta: 1, temperature: 2 }), exchanged).value).toBeCloseTo(forward.value, 5);
  });

  test('does not ask which side is which at β = ½, and is at most log 2', () => {
    const { student, teacher } = randomInputs([3, 4]);
    const one = evaluate(generalizedDivergence(), { student, teacher }).value;
    expect(evaluate(generalizedDivergence(), { student: teacher, teacher: student }).value).toBeCloseTo(one, 6);
    const far = {
      student: { logits: { shape: [1, 2], values: [300, 0] } },
      teacher: { logits: { shape: [1, 2], values: [0, 300] } },
    };
    expect(evaluate(generalizedDivergence(), far).value).toBeCloseTo(Math.LN2, 6);
  });

  test('says before the first step what it cannot compare', () => {
    expect(refusalOf(generalizedDivergence(), shapesOf([4, 10]))).toBeUndefined();
    expect(refusalOf(generalizedDivergence(), shapesOf([10], [9]))).toBe('class-mismatch');
    expect(refusalOf(generalizedDivergence(), shapesOf([10], [4, 10]))).toBe('shape-mismatch');
  });
});

function between(logP: readonly number[], logQ: readonly number[], beta: number): number {
  if (beta === 0) return plainDivergence(logP, logQ);
  if (beta === 1) return plainDivergence(logQ, logP);
  const logM = logP.map((p, c) => {
    const [a, b] = [p + Math.log(beta), (logQ[c] as number) + Math.log(1 - beta)];
    return Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));
  });
  return beta * plainDivergence(logP, logM) + (1 - beta) * plainDivergence(logQ, logM);
}
