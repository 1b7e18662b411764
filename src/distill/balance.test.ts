import { describe, expect, test } from 'vitest';
import { fromArrays } from '../data/arrays.ts';
import { weighted } from '../losses/combination/weighted.ts';
import type { Loss } from '../losses/loss.ts';
import { crossEntropy } from '../losses/response/crossEntropy.ts';
import { softTargets } from '../losses/response/softTargets.ts';
import { linear, type Schedule } from '../losses/schedule.ts';
import * as tf from '../runtime/tf.ts';
import { distill } from './distill.ts';
import { CLASSES, labelsOf, trainPoints, weightsOf, working } from './distillCases.ts';
import type { DistillEvent } from './events.ts';
import { oneTrainer } from './trainerCases.ts';

const trainer = oneTrainer();

/** Labels that are all wrong. */
const misled = fromArrays(
  trainPoints,
  labelsOf(trainPoints).map((label) => (label + 1) % CLASSES),
);

const withLabels = (weight: number | Schedule) =>
  weighted([
    { loss: softTargets(), weight: 1 },
    { loss: crossEntropy(), weight },
  ]);

const learned = async (loss: Loss) =>
  weightsOf((await distill(working(trainer(), { data: misled, loss, epochs: 4 })).done).student);

describe('weights that change', () => {
  test('a term whose weight has fallen to 0 has no more influence', async () => {
    const alone = await learned(softTargets());
    expect(await learned(withLabels(linear(1, 0, { end: 0 })))).toEqual(alone);
    expect(await learned(withLabels(linear(0, 1, { start: 1 })))).not.toEqual(alone);
    expect(await learned(withLabels(0.5))).not.toEqual(alone);
  });

  test('follow the run: what a term does in its half, it does with that weight', async () => {
    // In 12 steps: 1 in the first six, 0 in the others.
    const seen: number[] = [];
    const loss = withLabels(linear(1, 0, { start: 0.5, end: 0.5 }));
    const spy: Loss = {
      ...loss,
      isStatic: false,
      compute(given, tensors) {
        seen.push((tensors.numbers as tf.Tensor).dataSync()[0] as number);
        return loss.compute(given, tensors);
      },
    };
    await distill(working(trainer(), { data: misled, loss: spy, epochs: 4 })).done;
    // The check before the first step is the first.
    expect(seen.slice(1)).toEqual([1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
  });
});

describe('balance', () => {
  test('balances terms that differ by a factor of a hundred thousand, and reports the scales', async () => {
    const loud: Loss = {
      ...softTargets({ temperature: 1 }),
      name: 'loud',
      compute: (given, tensors) => tf.mul(softTargets({ temperature: 1 }).compute(given, tensors), 1e5) as tf.Scalar,
    };
    const loss = weighted([
      { loss: softTargets({ temperature: 1 }), weight: 1 },
      { loss: loud, weight: 1 },
    ]);
    const events: DistillEvent[] = [];
    const run = distill(working(trainer(), { loss, balance: { steps: 3, every: 2 } }));
    for await (const event of run) events.push(event);
    const { report } = await run.done;
    const told = events.flatMap((event) => (event.type === 'balance' ? [event] : []));
    expect(told.map(({ step }) => step)).toEqual([0, 2, 4]);
    expect(report.balance).toEqual(told.at(-1));
    for (const { terms } of told) {
      const [quiet, noisy] = terms.map(({ gradientNorm, scale }) => gradientNorm * scale) as [number, number];
      expect(Math.abs(noisy / quiet - 1)).toBeLessThan(0.05);
      const [plain, raised] = terms.map(({ gradientNorm }) => gradientNorm) as [number, number];
      expect(raised / plain / 1e5).toBeCloseTo(1, 4);
    }
  });

  test('is refused for a loss that is not weighted, before anything is asked', async () => {
    const run = distill(working(trainer(), { loss: softTargets(), balance: true }));
    await expect(run.done).rejects.toMatchObject({
      code: 'invalid-option',
      message: expect.stringContaining('"balance"'),
    });
    await expect(distill(working(trainer(), { balance: {} })).done).rejects.toMatchObject({ code: 'invalid-option' });
  });

  test('is not reported unless asked for', async () => {
    const { report } = await distill(working(trainer(), { loss: softTargets(), balance: false })).done;
    expect(report.balance).toBeUndefined();
  });
});
