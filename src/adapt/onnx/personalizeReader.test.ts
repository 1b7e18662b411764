// A text reader of 6,625 characters that has never seen handwriting learns three handwritten digits from eight of each.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fromArrays } from '../../data/arrays.ts';
import { digitImages } from '../../data/digitCases.ts';
import { readModelFile } from '../../onnx/ortCases.ts';
import { ortAssets } from '../../runtime/cases/assetCases.ts';
import { openTrainer, type Trainer } from '../../train/trainer.ts';
import { personalizeOnnx } from './personalizeOnnx.ts';

const DIGITS = [3, 5, 8];

const digits = (from: number, each: number) => {
  const { images, labels } = digitImages(from, each, DIGITS);
  return fromArrays(images, labels);
};

let trainer: Trainer;
beforeAll(async () => {
  trainer = await openTrainer({ worker: 'none', backend: 'cpu' });
});
afterAll(() => trainer[Symbol.asyncDispose]());

test('a real model of operator set 9 is personalized to handwriting', async () => {
  const { onnx, report } = await personalizeOnnx(readModelFile('reader'), {
    data: digits(0, 8),
    holdout: digits(200, 10),
    labels: DIGITS.map(String),
    tap: 'p2o.AveragePool.1',
    input: { size: [48, 48], channels: 3, inverted: 'yes', mean: 0.5, stdDev: 0.5 },
    trainer,
    ...{ worker: 'none', assetBase: ortAssets(), threads: 1, batchSize: 12, device: 'wasm' },
  }).done;
  expect(report).toMatchObject({ classes: 3, examples: { learned: 24 }, features: { shape: [480, 1, 6], count: 480 } });
  expect(report.own?.after).toBeGreaterThanOrEqual(0.8);
  expect(report.differenceFraction).toBeLessThan(1e-4);
  // The decoder of 6,625 characters is gone.
  expect(onnx.byteLength).toBeLessThan(0.6 * readModelFile('reader').byteLength);
});
