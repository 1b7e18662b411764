// A text reader of 6,625 characters that has never seen handwriting learns three handwritten digits from eight of each.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fromArrays } from '../../data/arrays.ts';
import { readModelFile } from '../../onnx/ortCases.ts';
import { ortAssets } from '../../runtime/assetCases.ts';
import { openTrainer, type Trainer } from '../../train/trainer.ts';
import { personalizeOnnx } from './personalizeOnnx.ts';

const PIXELS = 784;
const DIGITS = [3, 5, 8];
const require = createRequire(import.meta.url);

/** Digits of the package "mnist", the classes in turn. */
function digits(from: number, each: number) {
  const pixels = new Float32Array(DIGITS.length * each * PIXELS);
  for (const [label, digit] of DIGITS.entries()) {
    const { data } = JSON.parse(readFileSync(require.resolve(`mnist/src/digits/${digit}.json`), 'utf8')) as {
      data: number[];
    };
    for (let i = 0; i < each; i++) {
      pixels.set(data.slice((from + i) * PIXELS, (from + i + 1) * PIXELS), (i * DIGITS.length + label) * PIXELS);
    }
  }
  const labels = Int32Array.from({ length: DIGITS.length * each }, (_, i) => i % DIGITS.length);
  return fromArrays({ data: pixels, shape: [labels.length, 28, 28, 1] }, labels);
}

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
