// Students of sequences: what they learn from texts and from a teacher's steps, and what is refused before a step is taken.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seededRandom } from '../core/random.ts';
import { fromArrays } from '../data/arrays.ts';
import { withSequences } from '../data/withSequences.ts';
import { ctc } from '../losses/response/ctc.ts';
import { softTargets } from '../losses/response/softTargets.ts';
import * as tf from '../runtime/tf.ts';
import { studentFromModel } from '../student/layersModel.ts';
import { openTrainer, type Trainer } from '../train/trainer.ts';
import { distill } from './distill.ts';
import { HERE, makeTeacher } from './distillCases.ts';
import type { DistillOptions } from './distillOptions.ts';

const [STEPS, CLASSES, EXAMPLES] = [7, 4, 48];

/** Texts of up to three of the classes 1 to 3, and steps that show them, a few of each, with a little noise. */
function lines(seed: number, blank = 0) {
  const random = seededRandom(seed);
  const texts: number[][] = [];
  const data = new Float32Array(EXAMPLES * STEPS * CLASSES);
  for (let i = 0; i < EXAMPLES; i++) {
    const text = Array.from({ length: Math.floor(4 * random()) }, () => 1 + Math.floor(3 * random()));
    const path = text.flatMap((one) => [one, 0]);
    for (let step = 0; step < STEPS; step++) {
      const shown = path[step] ?? 0;
      for (let c = 0; c < CLASSES; c++) data[(i * STEPS + step) * CLASSES + c] = (c === shown ? 1 : 0) + 0.2 * random();
    }
    texts.push(blank === 0 ? text : text.map((one) => one - 1));
  }
  return { texts, data: fromArrays({ data, shape: [EXAMPLES, STEPS, CLASSES] }) };
}

/** One layer, step by step. */
function stepwise() {
  const layer = tf.layers.dense({
    units: CLASSES,
    inputShape: [STEPS, CLASSES],
    kernelInitializer: tf.initializers.glorotUniform({ seed: 3 }),
    name: 'logits',
  });
  return studentFromModel(tf.sequential({ layers: [layer] }));
}

let trainer: Trainer;
beforeAll(async () => {
  trainer = await openTrainer(HERE);
});
afterAll(() => trainer[Symbol.asyncDispose]());

const [train, unseen] = [lines(1), lines(2)];
const optionsOf = (changed: Partial<DistillOptions> = {}): DistillOptions => ({
  student: stepwise(),
  data: withSequences(train.data, train.texts),
  holdout: withSequences(unseen.data, unseen.texts),
  loss: ctc(),
  epochs: 12,
  batchSize: 16,
  optimizer: { learningRate: 0.3 },
  trainer,
  ...changed,
});

test('ctc learns from texts alone, and tells the errors of held-out lines', async () => {
  const { report } = await distill(optionsOf()).done;
  const rates = report.epochs.map(({ holdout }) => holdout['characterErrorRate'] as number);
  expect(rates[0]).toBeGreaterThan(0.3);
  expect(rates.at(-1)).toBeLessThan(0.02);
  expect(report.holdout).toEqual({ characterErrorRate: rates.at(-1) });
});

test('the blank of the loss is that of the errors', async () => {
  const { texts, data } = lines(1, 3);
  const typed = withSequences(data, texts);
  const { report } = await distill(optionsOf({ loss: ctc({ blank: 3 }), data: typed, holdout: typed })).done;
  expect(report.holdout['characterErrorRate']).toBeLessThan(0.02);
});

test('a teacher teaches step by step, without texts', async () => {
  const { teacher } = makeTeacher((input) => ({
    logits: { data: Float32Array.from(input.data, (value) => 8 * value), shape: input.shape },
  }));
  const { report } = await distill(optionsOf({ teacher, data: train.data, loss: softTargets({ temperature: 1 }) }))
    .done;
  expect(report.holdout['agreement']).toBeGreaterThan(0.98);
  expect(report.holdout['characterErrorRate']).toBeLessThan(0.02);
});

test.each<{ name: string; changed: Partial<DistillOptions>; code: string; message: RegExp }>([
  { name: 'data without texts', changed: { data: train.data }, code: 'labels-missing', message: /withSequences/ },
  {
    name: 'sequences of other lengths',
    changed: {
      data: {
        ...train.data,
        read: async (indices, signal) => ({ ...(await train.data.read(indices, signal)), sequences: Int32Array.of(1) }),
      },
    },
    code: 'shape-mismatch',
    message: /1 numbers in the sequences of 2 examples/,
  },
  {
    name: 'a text that needs more steps',
    changed: { data: withSequences(train.data, [...train.texts.slice(0, -1), [1, 1, 2, 2, 3, 3]]) },
    code: 'sequence-too-long',
    message: /example 47 needs 9 steps/,
  },
  {
    name: 'a character that the student lacks',
    changed: { holdout: withSequences(unseen.data, [...unseen.texts.slice(0, -1), [4]]) },
    code: 'class-mismatch',
    message: /example 47 holds 4, outside/,
  },
  {
    name: 'a blank within a text',
    changed: { data: withSequences(train.data, [[1, 0], ...train.texts.slice(1)]) },
    code: 'class-mismatch',
    message: /example 0 holds the blank/,
  },
])('refuses $name before the first step', async ({ changed, code, message }) => {
  const run = distill(optionsOf(changed));
  const seen: string[] = [];
  const listening = (async () => {
    for await (const { type } of run) seen.push(type);
  })().catch(() => undefined);
  await expect(run.done).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  await listening;
  expect(seen).not.toContain('step');
});
