import { describe, expect, test } from 'vitest';
import type { LossInputs } from '../cases/lossCases.ts';
import { checkLoss, plainLogProbs, type Values } from '../cases/lossContract.ts';
import { mean } from '../cases/plainCases.ts';
import {
  describeOnCpu,
  expectLabelsMissing,
  expectLeast,
  expectPerExample,
  growthOfDivergence,
  plainDivergence,
  randomInputs,
  refusalOf,
  shapesOf,
} from '../cases/responseCases.ts';
import { checkUse } from '../cases/useContract.ts';
import { type TeacherFreeOptions, teacherFree } from './teacherFree.ts';

checkUse(teacherFree, { student: { logits: [4] }, weight: { of: 'logits' } });

describe('teacherFree', () => {
  checkLoss<TeacherFreeOptions>(teacherFree, {
    golden: 'teacherFree',
    reference({ student, labels = [] }, { confidence = 0.99, temperature = 20 }) {
      const { shape } = student['logits'] as Values;
      const p = plainLogProbs(virtualOf(shape, labels, confidence), temperature);
      const q = plainLogProbs(student['logits'] as Values, temperature);
      return temperature ** 2 * mean(p.map((row, i) => plainDivergence(row, q[i] as number[])));
    },
    growth({ student, labels = [] }, { confidence = 0.99, temperature = 20 }) {
      const teacher = { logits: virtualOf((student['logits'] as Values).shape, labels, confidence) };
      return growthOfDivergence({ student, teacher }, temperature);
    },
    best: null,
    refused: {
      'a confidence of 1': () => teacherFree({ confidence: 1 }),
      'a confidence of 0': () => teacherFree({ confidence: 0 }),
      'a temperature of 0': () => teacherFree({ temperature: 0 }),
      'an option that it does not have': () => teacherFree({ temprature: 4 } as TeacherFreeOptions),
    },
  });

  test('has the defaults that it documents', () => {
    expect(teacherFree().options).toEqual({ confidence: 0.99, temperature: 20, output: 'logits' });
    expect(teacherFree().reads).toEqual({ student: ['logits'], teacher: [], labels: true });
  });
});

describeOnCpu('teacherFree, besides its contract', () => {
  test('is the mean of its examples', () => expectPerExample(teacherFree(), randomInputs([6, 5])));

  test('says before the first step what it cannot compare', () => {
    expect(refusalOf(teacherFree(), shapesOf([10]))).toBeUndefined();
    expect(refusalOf(teacherFree(), shapesOf([4, 10]))).toBe('shape-mismatch');
  });

  test('is zero, and flat, at the virtual teacher', () => {
    const inputs = randomInputs([4, 5]);
    expectLeast(teacherFree(), atVirtual(inputs, 0.99), 0);
    expectLeast(teacherFree({ confidence: 0.9, temperature: 2 }), atVirtual(inputs, 0.9), 0);
  });

  test('refuses to work without labels', () => {
    expectLabelsMissing(teacherFree());
  });
});

function virtualOf(shape: readonly number[], labels: readonly number[], confidence: number): Values {
  const classes = shape.at(-1) as number;
  const other = Math.log((1 - confidence) / Math.max(classes - 1, 1));
  const rowOf = (label: number) =>
    Array.from({ length: classes }, (_, c) => (c === label ? Math.log(confidence) : other));
  return { shape, values: labels.flatMap(rowOf) };
}

function atVirtual({ student, labels = [] }: LossInputs, confidence: number): LossInputs {
  return {
    student: { logits: virtualOf((student['logits'] as Values).shape, labels, confidence) },
    teacher: {},
    labels,
  };
}
