import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../core/random.ts';
import { argMax } from '../../core/stats.ts';
import * as tf from '../../runtime/tf.ts';
import { openTrainer, type Trainer } from '../../train/trainer.ts';
import { type TrainHeadOptions, trainHead } from './head.ts';
import { applyHead, prototypeHead } from './prototypeHead.ts';

let trainer: Trainer;
let tensorsBefore = 0;
beforeAll(async () => {
  trainer = await openTrainer({ worker: 'none', backend: 'cpu' });
  tensorsBefore = tf.memory().numTensors;
});
afterEach(() => expect(tf.memory().numTensors).toBe(tensorsBefore));
afterAll(() => trainer[Symbol.asyncDispose]());

const CLASSES = 3;
const WIDTH = 5;

/** Clouds around three points; the last feature never varies, and the first one is large. */
function clouds(count: number, seed: number) {
  const random = seededRandom(seed);
  const labels = Int32Array.from({ length: count }, (_, i) => i % CLASSES);
  const data = Float32Array.from({ length: count * WIDTH }, (_, i) => {
    const [label, f] = [labels[Math.floor(i / WIDTH)] as number, i % WIDTH];
    if (f === 4) return 7;
    const value = Math.cos(2.1 * label + 1.7 * f) + 1.2 * (random() + random() - 1);
    return f === 0 ? 1000 + 100 * value : value;
  });
  return { features: { data, shape: [count, WIDTH] }, labels, classes: CLASSES };
}

const some = clouds(60, 1);

function accuracyOf(head: Parameters<typeof applyHead>[1]): number {
  const unseen = clouds(300, 9);
  const { data } = applyHead(unseen.features, head);
  return unseen.labels.filter((label, i) => argMax(data, i * CLASSES, CLASSES) === label).length / 300;
}

/** The gradient of the penalised cross-entropy at a head, in the space in which it is penalised, by plain sums. */
function gradientNorm({ weights, bias }: { weights: Float32Array; bias: Float32Array }, decay: number): number {
  const { features, labels } = some;
  const columns = Array.from({ length: WIDTH }, (_, f) =>
    labels.reduce<number[]>((all, _label, i) => {
      all.push(features.data[i * WIDTH + f] as number);
      return all;
    }, []),
  );
  const means = columns.map((column) => column.reduce((a, b) => a + b, 0) / 60);
  const deviations = columns.map((column, f) =>
    Math.sqrt(column.reduce((sum, one) => sum + (one - (means[f] as number)) ** 2, 0) / 60),
  );
  const typical = Math.sqrt(deviations.reduce((sum, one) => sum + one ** 2, 0) / WIDTH);
  const { data } = applyHead(features, { weights, bias });
  let squares = 0;
  for (let f = 0; f < WIDTH - 1; f++) {
    // As if 10 more examples had shown the typical deviation.
    const own = Math.max(deviations[f] as number, 0.01 * typical);
    const scale = 1 / (own ** (60 / 70) * typical ** (10 / 70) * Math.sqrt(WIDTH));
    for (let c = 0; c < CLASSES; c++) {
      let gradient = (decay * (weights[f * CLASSES + c] as number)) / scale;
      for (let i = 0; i < 60; i++) {
        const powers = [...data.subarray(i * CLASSES, (i + 1) * CLASSES)].map(Math.exp);
        const p = (powers[c] as number) / powers.reduce((a, b) => a + b, 0);
        const x = ((features.data[i * WIDTH + f] as number) - (means[f] as number)) * scale;
        gradient += ((p - (labels[i] === c ? 1 : 0)) * x) / 60;
      }
      squares += gradient ** 2;
    }
  }
  return Math.sqrt(squares);
}

describe('a head', () => {
  test('ends at the minimum of the penalised cross-entropy, of features in very different units', async () => {
    const head = await trainHead({ ...some, trainer, weightDecay: 0.01, steps: 400 });
    expect(gradientNorm(head, 0.01)).toBeLessThan(2e-3);
    expect(gradientNorm({ weights: new Float32Array(15), bias: new Float32Array(3) }, 0.01)).toBeGreaterThan(0.1);
    expect(head.losses.at(-1)).toBeLessThan(0.5);
    expect(head.losses).toHaveLength(400);
  });

  test('knows examples that it has not seen, and learns nothing from labels that mean nothing', async () => {
    expect(accuracyOf(await trainHead({ ...some, trainer }))).toBeGreaterThan(0.85);
    const random = seededRandom(4);
    const noise = some.labels.map(() => Math.floor(3 * random()));
    expect(accuracyOf(await trainHead({ ...some, labels: noise, trainer }))).toBeLessThan(0.6);
  });

  test('is the same for the same seed, and starts from the head that is given', async () => {
    const first = await trainHead({ ...some, trainer, steps: 30 });
    expect(await trainHead({ ...some, trainer, steps: 30 })).toEqual(first);
    const further = await trainHead({ ...some, trainer, initial: first, steps: 20 });
    expect(further.losses[0]).toBeCloseTo(first.losses.at(-1) as number, 1);
    expect(further.losses[0]).toBeLessThan(first.losses[0] as number);
  });

  test('that is cancelled rejects and frees what it held', async () => {
    const controller = new AbortController();
    const training = trainHead({
      ...some,
      trainer,
      signal: controller.signal,
      emit: ({ epoch }) => epoch === 2 && controller.abort(),
    });
    await expect(training).rejects.toMatchObject({ name: 'AbortError' });
  });

  test.each<[string, Partial<TrainHeadOptions>, string]>([
    ['another number of labels', { labels: Int32Array.of(0, 1) }, 'shape-mismatch'],
    ['a label outside of the classes', { classes: 2 }, 'shape-mismatch'],
    [
      'features that are not finite',
      { features: { data: new Float32Array(300).fill(Number.NaN), shape: [60, 5] } },
      'not-finite',
    ],
    ['a rate of 0', { learningRate: 0 }, 'invalid-option'],
    [
      'a start of another size',
      { initial: { weights: new Float32Array(3), bias: new Float32Array(3) } },
      'shape-mismatch',
    ],
  ])('told by code: %s', async (_, changed, code) => {
    await expect(trainHead({ ...some, trainer, ...changed })).rejects.toMatchObject({ code });
  });
});

test('the head of prototypes names the class whose mean is nearest', () => {
  const { features, labels } = some;
  const { data } = applyHead(features, prototypeHead(features, labels, CLASSES));
  const means = [0, 1, 2].map((c) => {
    const own = [...labels.keys()].filter((i) => labels[i] === c);
    return Array.from({ length: WIDTH }, (_, f) =>
      own.reduce((sum, i) => sum + (features.data[i * WIDTH + f] as number) / own.length, 0),
    );
  });
  for (let i = 0; i < 60; i++) {
    const distances = means.map((mean) =>
      mean.reduce((sum, one, f) => sum + ((features.data[i * WIDTH + f] as number) - one) ** 2, 0),
    );
    expect(argMax(data, i * CLASSES, CLASSES)).toBe(distances.indexOf(Math.min(...distances)));
    // Logits differ as distances do.
    const [a = 0, b = 0] = distances;
    const given = (data[i * CLASSES] as number) - (data[i * CLASSES + 1] as number);
    expect(Math.abs(given - (b - a))).toBeLessThan(1e-3 * Math.max(1, Math.abs(b - a)));
  }
});
