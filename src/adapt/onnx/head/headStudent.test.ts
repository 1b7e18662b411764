import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../core/random.ts';
import type { NdArray } from '../../../core/shape.ts';
import { argMax } from '../../../core/stats.ts';
import type { Patch } from '../../../student/patch/patch.ts';
import type { Lesson, Method } from '../../method.ts';
import { headOnly } from '../../methods/headOnly.ts';
import { prototypes } from '../../methods/prototypes.ts';
import { scaledRows, scalingOf } from './headScaling.ts';
import { headStudent } from './headStudent.ts';

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
  return { features: { data, shape: [count, WIDTH] } as NdArray, labels };
}

const some = clouds(60, 1);
const unseen = clouds(300, 9);
const scaling = scalingOf(some.features);
const own: NdArray = { data: Float32Array.from({ length: 180 }, (_, i) => Math.sin(i)), shape: [60, CLASSES] };

/** What a head says that learned by a method, of any features. */
async function learned(method: Method, labels: Int32Array = some.labels, adds = false) {
  const base = await headStudent({ features: WIDTH, classes: CLASSES, adds });
  const inputs = { features: scaledRows(some.features, scaling), ...(adds && { own }) };
  const lesson = {
    ...{ base: base.artifacts, classifier: base.classifier, inputs, labels, size: 60, own: 60 },
    ...(await base.answers(inputs)),
    ...{ formerWeight: 0, budget: {}, seed: 0, signal: new AbortController().signal },
  } as unknown as Lesson;
  const { changes } = await method.learn(lesson);
  const patch: Patch = { name: 'x', version: 1, base: base.hash, method: method.name, changes };
  return { base, inputs, patch };
}

async function accuracyOf(method: Method, labels?: Int32Array): Promise<number> {
  const { base, patch } = await learned(method, labels);
  const { data } = await base.logits({ features: scaledRows(unseen.features, scaling) }, patch);
  return unseen.labels.filter((label, i) => argMax(data, i * CLASSES, CLASSES) === label).length / 300;
}

describe('a head that stands alone', () => {
  test('knows examples that it has not seen, of features in very different units, and nothing of labels that mean nothing', async () => {
    expect(await accuracyOf(headOnly())).toBeGreaterThan(0.85);
    expect(await accuracyOf(prototypes())).toBeGreaterThan(0.85);
    const random = seededRandom(4);
    expect(
      await accuracyOf(
        headOnly(),
        some.labels.map(() => Math.floor(3 * random())),
      ),
    ).toBeLessThan(0.6);
  });

  test('of class means names the class whose mean is nearest, and its logits differ as distances do', async () => {
    const { base, inputs, patch } = await learned(prototypes({ strength: 'alone' }));
    const { data } = await base.logits(inputs, patch);
    const { data: rows } = inputs.features;
    const means = [0, 1, 2].map((c) => {
      const places = [...some.labels.keys()].filter((i) => some.labels[i] === c);
      return Array.from({ length: WIDTH }, (_, f) =>
        places.reduce((sum, i) => sum + (rows[i * WIDTH + f] as number) / places.length, 0),
      );
    });
    const ratios: number[] = [];
    for (let i = 0; i < 60; i++) {
      const distances = means.map((mean) =>
        mean.reduce((sum, one, f) => sum + ((rows[i * WIDTH + f] as number) - one) ** 2, 0),
      );
      expect(argMax(data, i * CLASSES, CLASSES)).toBe(distances.indexOf(Math.min(...distances)));
      const [a = 0, b = 0] = distances;
      if (Math.abs(b - a) < 0.1) continue;
      ratios.push(((data[i * CLASSES] as number) - (data[i * CLASSES + 1] as number)) / (b - a));
    }
    expect(ratios.length).toBeGreaterThan(10);
    for (const ratio of ratios) expect(Math.abs(ratio / (ratios[0] as number) - 1)).toBeLessThan(1e-3);
  });

  test('says nothing before, or what the model said where that is given', async () => {
    const base = await headStudent({ features: WIDTH, classes: CLASSES, adds: false });
    expect(await base.logits({ features: some.features })).toEqual({
      data: new Float32Array(180),
      shape: [60, CLASSES],
    });
    expect(await base.logits({ features: some.features, own })).toBe(own);
  });
});

test('a head that adds leaves what the model says, and adds the same for all', async () => {
  const { base, inputs, patch } = await learned(headOnly(), some.labels, true);
  expect(await base.logits(inputs)).toBe(own);
  const { data } = await base.logits(inputs, patch);
  const { data: shifted } = await base.logits(
    { ...inputs, own: { ...own, data: own.data.map((one) => one + 1) } },
    patch,
  );
  for (const [i, one] of data.entries()) expect(shifted[i]).toBeCloseTo(one + 1, 5);
  expect(data).not.toEqual(own.data);
});
