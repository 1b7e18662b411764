import { describe, expect, test } from 'vitest';
import * as tf from '../../runtime/tf.ts';
import { evaluate } from '../cases/lossCases.ts';
import { checkLoss, type LossInputs, plainLogProbs, type Values } from '../cases/lossContract.ts';
import { checkUse, onLogits } from '../cases/useContract.ts';
import type { Loss, LossTensors } from '../loss.ts';
import { crossEntropy } from '../response/crossEntropy.ts';
import { softTargets } from '../response/softTargets.ts';
import { uncertaintyWeighted } from './uncertaintyWeighted.ts';

const make = () =>
  uncertaintyWeighted([
    uncertaintyWeighted([crossEntropy(), softTargets({ temperature: 2 })]),
    softTargets({ temperature: 4 }),
  ]);

checkUse(() => uncertaintyWeighted([softTargets(), crossEntropy()]), { ...onLogits, hasOptions: false, weight: null });

describe('uncertaintyWeighted', () => {
  checkLoss(make, {
    golden: 'uncertaintyWeighted',
    reference(inputs) {
      const inner = plainSum(inputs, '0/logVariances', [plainLabels(inputs), plainTargets(inputs, 2)]);
      return plainSum(inputs, 'logVariances', [inner, plainTargets(inputs, 4)]);
    },
    best: null,
    refused: {
      'no loss': () => uncertaintyWeighted([]),
      'no array': () => uncertaintyWeighted(crossEntropy() as never),
      'what is no loss': () => uncertaintyWeighted([{ loss: crossEntropy(), weight: 1 } as never]),
    },
  });

  test('starts with every weight at ½, and tells terms’ parameters apart', () => {
    const shapes = { student: {}, teacher: {}, batchSize: 2, examples: 4 };
    const zeros = { shape: [2], initial: 0 };
    expect(make().parameters?.(shapes)).toEqual({ logVariances: zeros, '0/logVariances': zeros });
  });

  test('is flat in s where e^s is the loss, and lowest there', () => {
    const loss = uncertaintyWeighted([crossEntropy()]);
    const at = (s: number): LossInputs => ({
      student: { logits: { shape: [2, 3], values: [1, 0, 2, 0, 1, 0] } },
      teacher: {},
      labels: [0, 2],
      parameters: { logVariances: { shape: [1], values: [s] } },
    });
    const best = Math.log(plainLabels(at(0)));
    const lowest = evaluate(loss, at(best));
    expect(lowest.value).toBeCloseTo(0.5 + 0.5 * best, 6);
    expect(lowest.student['parameters/logVariances']?.[0]).toBeCloseTo(0, 6);
    for (const s of [best - 0.5, best + 0.5]) expect(evaluate(loss, at(s)).value).toBeGreaterThan(lowest.value + 0.02);
  });

  test('a term sees its own parameters only', () => {
    const seen: LossTensors[] = [];
    const spy: Loss = {
      ...crossEntropy(),
      compute(_, tensors) {
        seen.push(tensors);
        return tf.scalar(1);
      },
    };
    const parameters = { logVariances: tf.zeros([2]), '1/kernel': tf.ones([2]), '11/kernel': tf.zeros([2]) };
    tf.dispose(uncertaintyWeighted([spy, spy]).compute(tf, { student: {}, teacher: {}, parameters }));
    expect(seen.map((one) => Object.keys(one.parameters ?? {}))).toEqual([[], ['kernel']]);
    expect(seen[1]?.parameters?.['kernel']).toBe(parameters['1/kernel']);
    tf.dispose(parameters);
  });
});

function plainSum({ parameters = {} }: LossInputs, name: string, losses: readonly number[]): number {
  const { values } = parameters[name] as Values;
  return losses.reduce((sum, loss, k) => {
    const s = values[k] as number;
    return sum + (Math.exp(-s) * loss + s) / 2;
  }, 0);
}

function plainLabels({ student, labels = [] }: LossInputs): number {
  const q = plainLogProbs(student['logits'] as Values);
  return q.reduce((sum, row, i) => sum - (row[labels[i] as number] as number), 0) / q.length;
}

function plainTargets({ student, teacher }: LossInputs, temperature: number): number {
  const q = plainLogProbs(student['logits'] as Values, temperature);
  const p = plainLogProbs(teacher['logits'] as Values, temperature);
  const rows = p.map((row, i) => row.reduce((sum, log, c) => sum + Math.exp(log) * (log - (q[i]?.[c] ?? 0)), 0));
  return (temperature ** 2 * rows.reduce((a, b) => a + b, 0)) / rows.length;
}
