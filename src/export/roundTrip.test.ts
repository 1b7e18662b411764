import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { floats, modelOf, node } from '../onnx/cases/tinyCases.ts';
import { describeOnnx } from '../onnx/describe/describe.ts';
import { readModel, writeModel } from '../onnx/model.ts';
import { dataOf } from '../onnx/tensorData.ts';
import * as tf from '../runtime/tf.ts';
import { buildStudent } from '../student/build.ts';
import { onBackend } from '../student/cases/layerCases.ts';
import { fromOnnx } from '../student/fromOnnx.ts';
import { ortOutputs } from './exportCases.ts';
import { EXPORTED_CASES, seededInputs } from './exportedCases.ts';
import { toOnnx } from './toOnnx.ts';

interface Case {
  readonly x: { readonly shape: number[]; readonly data: number[] };
  readonly y: { readonly shape: number[]; readonly data: number[] };
}

const folder = new URL('../student/golden/fromOnnx/', import.meta.url);
const golden = JSON.parse(readFileSync(new URL('../fromOnnx.json', folder), 'utf8')) as Record<string, Case>;
const zoo = EXPORTED_CASES.filter(({ name }) => name.startsWith('zoo: '));

/** A graph's operators and the sums of its weights; shapes may be written in several ways. */
function summary(bytes: Uint8Array) {
  const { graph } = readModel(bytes);
  const weights = graph.initializer.map(dataOf).filter(({ dtype }) => dtype === 'float32');
  const sums = weights.map(
    ({ shape, data }) => `${shape.join('×')}: ${(data as Float32Array).reduce((a, b) => a + b, 0).toFixed(3)}`,
  );
  return { operators: graph.node.map(({ opType }) => opType).sort(), weights: sums.sort() };
}

function worst(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0);
}

/** With channels last if a model of this shape takes them so. */
function lastly({ shape, data }: Case['x'], wanted: readonly number[]): Case['x'] {
  if (shape.length < 3 || shape[1] !== wanted.at(-1)) return { shape, data };
  return tf.tidy(() => {
    const order = [0, ...shape.slice(2).map((_, i) => i + 2), 1];
    const turned = tf.transpose(tf.tensor(data, shape), order);
    return { shape: turned.shape, data: [...turned.dataSync()] };
  });
}

describe('out and in again', () => {
  onBackend('cpu');

  test.each(zoo.map((one) => [one.name, one] as const))('%s', async (_, { build, inputs }) => {
    const model = await build(tf);
    const bytes = await toOnnx(model);
    const student = await fromOnnx(bytes, { name: model.name });
    const again = await buildStudent(await student.portable(), 0);
    tf.tidy(() => {
      const [x] = seededInputs(inputs, 2) as [{ data: Float32Array; shape: number[] }];
      const given = tf.tensor(x.data, x.shape, inputs[0]?.dtype ?? 'float32');
      const [a, b] = [model, again].map((one) => (one.predict(given) as tf.Tensor).dataSync()) as [
        Float32Array,
        Float32Array,
      ];
      // Written so that a NaN fails.
      expect(worst(a, b) <= 1e-5).toBe(true);
    });
    model.dispose();
    again.dispose();
    // Both directions of an LSTM, [T, 2, B, U] in the file, come back joined by a transposition of their own; which tokens a decoder
    // sees, compared in the file, comes back as a constant.
    if (model.name !== 'crnn' && model.name !== 'decoder')
      expect(summary(await toOnnx(student))).toEqual(summary(bytes));
  });

  test('a mean of operands that are no tensors', async () => {
    const model = modelOf({
      initializer: [floats('w', [2], [3, -5])],
      node: [node('Mean', ['x', 'w'], ['y'])],
    });
    const bytes = await toOnnx(await fromOnnx(writeModel(model)));
    const [given] = await ortOutputs(bytes, [{ data: Float32Array.of(1, 2, -3, 4), shape: [2, 2] }]);
    expect(Array.from(given?.data ?? [])).toEqual([2, -1.5, 0, -0.5]);
  });

  // A stored initial state is not exported.
  test.each(Object.keys(golden).filter((one) => one !== 'token'))('in and out again: %s', async (name) => {
    const { x, y } = golden[name] as Case;
    const source = new Uint8Array(readFileSync(new URL(`${name}.onnx`, folder)));
    const bytes = await toOnnx(await fromOnnx(source, { name }));
    const [input] = describeOnnx(bytes).inputs;
    const given = lastly(x, (input?.shape ?? []) as readonly number[]);
    const data = input?.dtype === 'int32' ? Int32Array.from(given.data) : Float32Array.from(given.data);
    const [logits] = await ortOutputs(bytes, [{ data, shape: given.shape }]);
    const expected = lastly(y, logits?.shape ?? []);
    // Written so that a NaN fails.
    expect(worst(logits?.data as Float32Array, expected.data) <= 2e-5).toBe(true);
  });
});
