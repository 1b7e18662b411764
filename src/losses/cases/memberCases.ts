// What the tests of losses over several teachers share. Only tests import this file.
import { expect, test } from 'vitest';
import * as tf from '../../runtime/tf.ts';
import type { Loss } from '../loss.ts';
import { type Growth, toTensors } from './lossCases.ts';
import { growthOfLogProbs, type LossInputs, plainLogProbs, type Values } from './lossContract.ts';

interface MembersChoice {
  readonly teacherOutputs: readonly string[];
  readonly temperature: number;
}

/** T² KL for each example, and in it for each teacher. */
export function plainDivergences(inputs: LossInputs, { teacherOutputs, temperature }: MembersChoice): number[][] {
  const q = plainLogProbs(inputs.student['logits'] as Values, temperature);
  const all = teacherOutputs.map((name) => plainLogProbs(inputs.teacher[name] as Values, temperature));
  return q.map((row, i) =>
    all.map((p) =>
      (p[i] ?? []).reduce((sum, log, c) => sum + temperature ** 2 * Math.exp(log) * (log - (row[c] as number)), 0),
    ),
  );
}

export function membersGrowth({ student, teacher }: LossInputs, { temperature }: MembersChoice): Growth {
  const logits = student['logits'] as Values;
  const { reach, probs } = growthOfLogProbs([logits, ...Object.values(teacher)], temperature);
  return { value: temperature ** 2 * reach, gradient: (temperature * probs) / (logits.shape[0] as number) };
}

/** The student and every teacher say what the first teacher says. */
export function everybodyAlike({ student, teacher, ...rest }: LossInputs): LossInputs {
  const first = Object.values(teacher)[0] as Values;
  const alike = Object.fromEntries(Object.keys(teacher).map((name) => [name, first]));
  return { ...rest, student: { ...student, logits: first }, teacher: alike };
}

/** Registers the tests that every loss over 'logits@0' and 'logits@1' owes beside the contract. */
export function checkMembersLoss(make: () => Loss, more: Readonly<Record<string, readonly number[]>> = {}): void {
  const loss = make();

  test('is the mean of its value for each example, whatever the others are', () => {
    const values = (shape: readonly number[], seed: number): Values => {
      const size = shape.reduce((product, length) => product * length, 1);
      return { shape, values: Array.from({ length: size }, (_, i) => 3 * Math.sin(seed + i)) };
    };
    const beside = Object.fromEntries(Object.entries(more).map(([name, shape]) => [name, values([3, ...shape], 5)]));
    const shapes = { student: { logits: [4], ...more }, teacher: {}, batchSize: 3, examples: 3 };
    const parameters = Object.entries(loss.parameters?.(shapes) ?? {}).map(
      ([name, { shape }]) => [name, values(shape, 7)] as const,
    );
    const inputs: LossInputs = {
      student: { logits: values([3, 4], 1), ...beside },
      teacher: { 'logits@0': values([3, 4], 2), 'logits@1': values([3, 4], 3) },
      parameters: Object.fromEntries(parameters),
      labels: [0, 3, 2],
    };
    tf.tidy(() => {
      const tensors = toTensors(inputs);
      const each = [...(loss.perExample?.(tf, tensors).dataSync() ?? [])];
      expect(each.length).toBe(3);
      const sum = each.reduce((a, b) => a + b, 0);
      expect(sum / 3).toBeCloseTo(loss.compute(tf, tensors).dataSync()[0] as number, 5);
      const last = (side: Readonly<Record<string, tf.Tensor>>) =>
        Object.fromEntries(Object.entries(side).map(([name, tensor]) => [name, tf.slice(tensor, 2, 1)]));
      const alone = loss.perExample?.(tf, {
        ...tensors,
        student: last(tensors.student),
        teacher: last(tensors.teacher),
        labels: tf.tensor1d([2], 'int32'),
      });
      expect(alone?.dataSync()[0]).toBeCloseTo(each[2] as number, 5);
    });
  });

  test.each<[string, readonly number[], readonly number[], string]>([
    ['other classes', [4], [5], 'class-mismatch'],
    ['more than one row an example', [3, 4], [3, 4], 'shape-mismatch'],
    ['a map beside a row', [4], [2, 2, 4], 'shape-mismatch'],
  ])('refuses %s', (_, own, given, code) => {
    const shapes = (ofStudent: readonly number[], ofTeacher: readonly number[]) => ({
      student: { ...more, logits: ofStudent },
      teacher: { 'logits@0': ofStudent, 'logits@1': ofTeacher },
      batchSize: 2,
      examples: 8,
    });
    expect(() => loss.check?.(shapes(own, given))).toThrow(expect.objectContaining({ code }));
    expect(() => loss.check?.(shapes([4], [4]))).not.toThrow();
  });
}
