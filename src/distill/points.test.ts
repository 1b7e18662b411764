// A student learns where things are in a picture: points, and corners of a box.
import { expect, test } from 'vitest';
import { seededRandom } from '../core/random.ts';
import type { NamedArrays, NdArray } from '../core/shape.ts';
import { fromArrays } from '../data/arrays.ts';
import { weighted } from '../losses/combination/weighted.ts';
import { boxOverlap } from '../losses/response/boxOverlap.ts';
import { pointDistance } from '../losses/response/pointDistance.ts';
import { backendOptions } from '../runtime/cases/assetCases.ts';
import { keypoints } from '../student/zoo/keypoints.ts';
import { fromFunction } from '../teacher/fromFunction.ts';
import { correctPointsOf } from '../train/metrics/correctPoints.ts';
import { distill } from './distill.ts';
import { oneTrainer } from './trainerCases.ts';

const [SIDE, SQUARE] = [32, 12];

/** Pictures with one bright square of 12 × 12 each on a dim ground. */
function pictures(count: number, seed: number) {
  const random = seededRandom(seed);
  const data = Float32Array.from({ length: count * SIDE * SIDE }, () => 0.2 * random());
  for (let picture = 0; picture < count; picture++) {
    const [left, top] = [0, 1].map(() => Math.floor(random() * (SIDE - SQUARE))) as [number, number];
    for (let y = top; y < top + SQUARE; y++) {
      data.fill(1, (picture * SIDE + y) * SIDE + left, (picture * SIDE + y) * SIDE + left + SQUARE);
    }
  }
  return fromArrays({ data, shape: [count, SIDE, SIDE, 1] });
}

/** The corners of the square, upper left and lower right [B, 2, 2]. */
function cornersOf({ input }: NamedArrays): { points: NdArray } {
  const { data, shape } = input as NdArray;
  const batch = shape[0] as number;
  const points = new Float32Array(4 * batch);
  for (let b = 0; b < batch; b++) {
    const first = data.subarray(b * SIDE * SIDE, (b + 1) * SIDE * SIDE).indexOf(1);
    const [x, y] = [first % SIDE, Math.floor(first / SIDE)];
    points.set(
      [x, y, x + SQUARE, y + SQUARE].map((at) => at / SIDE),
      4 * b,
    );
  }
  return { points: { data: points, shape: [batch, 2, 2] } };
}

const teacher = fromFunction(cornersOf, { name: 'corners' });
const small = (points: number) => keypoints({ inputShape: [SIDE, SIDE, 1], points, filters: 6 });
const trainer = oneTrainer({ worker: 'none', ...backendOptions('wasm') });
const [data, holdout] = [pictures(96, 1), pictures(32, 2)];
const base = () => ({ teacher, data, holdout, trainer: trainer(), seed: 3, batchSize: 16 });

test('points come nearer to the teacher’s, and are measured as points', async () => {
  const errors: number[] = [];
  const within = correctPointsOf({ within: 0.5, between: [0, 1] });
  const run = distill({
    ...{ ...base(), student: small(2), loss: pointDistance(), metrics: [within], epochs: 20 },
    optimizer: { learningRate: 0.02 },
  });
  for await (const event of run)
    if (event.type === 'epoch') errors.push(event.holdout['normalizedMeanError'] as number);
  const { report } = await run.done;
  expect(Object.keys(report.holdout).sort()).toEqual(
    ['correctPoints@0.05', 'correctPoints@0.5 by 0–1', 'normalizedMeanError'].sort(),
  );
  expect(report.holdout['normalizedMeanError']).toBeLessThan((errors[0] as number) / 2);
  expect(report.holdout['correctPoints@0.5 by 0–1']).toBeGreaterThan(0.8);
});

test('corners of a box overlap more and more with the teacher’s', async () => {
  const { report } = await distill({
    ...{ ...base(), student: small(2), outputKind: 'boxes', epochs: 20 },
    loss: weighted([
      { loss: boxOverlap({ output: 'points' }), weight: 0.2 },
      { loss: pointDistance(), weight: 1 },
    ]),
    optimizer: { learningRate: 0.02 },
  }).done;
  expect(Object.keys(report.holdout)).toEqual(['meanOverlap']);
  expect(report.holdout['meanOverlap']).toBeGreaterThan(0.4);
});

test('another number of points, and boxes that are inside out, are errors before the first step', async () => {
  const refused = (changed: object) =>
    distill({ ...base(), student: small(2), loss: pointDistance(), epochs: 1, ...changed });
  await expect(refused({ student: small(5) }).done).rejects.toMatchObject({
    code: 'shape-mismatch',
    message: expect.stringContaining('Build the student with points: 2'),
  });
  const turned = fromFunction(
    (inputs) => {
      const { data: corners, shape } = cornersOf(inputs).points;
      return { points: { data: corners.map((_, i) => corners[i ^ 2] as number), shape } };
    },
    { name: 'lower right first' },
  );
  const loss = weighted([{ loss: boxOverlap({ output: 'points' }), weight: 1 }]);
  const steps: unknown[] = [];
  const run = refused({ teacher: turned, loss });
  const watched = (async () => {
    for await (const event of run) if (event.type === 'step') steps.push(event);
  })().catch(() => undefined);
  await expect(run.done).rejects.toMatchObject({
    code: 'invalid-box',
    message: expect.stringContaining('"points"'),
  });
  await watched;
  expect(steps).toEqual([]);
});
