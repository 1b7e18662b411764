import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OpenBackend } from '../runtime/backends/backend.ts';
import { openBackendHere } from '../runtime/backends/open.ts';
import * as tf from '../runtime/tf.ts';
import { attentionTap } from './layers/attentionTap.ts';
import { tapStudent } from './taps.ts';
import { transformerTinyDesign } from './zoo/transformerTiny.ts';

const tiny = { length: 5, vocabulary: 7, classes: 3, width: 4, heads: 2, hidden: 6, blocks: 2 };

let backend: OpenBackend;
beforeAll(async () => {
  backend = await openBackendHere({ backend: 'cpu' });
});
afterAll(() => backend.dispose());

function makeModel() {
  const input = tf.input({ shape: [6, 5, 1], name: 'input' });
  const maps = tf.layers.conv2d({ filters: 3, kernelSize: 2, name: 'maps' }).apply(input);
  const flat = tf.layers.flatten({ name: 'flat' }).apply(maps);
  const dense = tf.layers.dense({ units: 4, name: 'dense' }).apply(flat) as tf.SymbolicTensor;
  return tf.model({ inputs: input, outputs: dense });
}

describe('tapStudent', () => {
  test('gives what an inner layer gives, beside the outputs', () => {
    const model = makeModel();
    const tapped = tapStudent(model, ['logits', 'maps', 'maps']);
    expect(tapped.outputs).toEqual({ logits: [4], maps: [5, 4, 3] });
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const x = tf.randomNormal([2, 6, 5, 1], 0, 1, 'float32', 3);
      const { logits, maps } = tapped.apply([x], 'training');
      const byHand = model.getLayer('maps').apply(x) as tf.Tensor;
      expect(Array.from(maps?.dataSync() ?? [])).toEqual(Array.from(byHand.dataSync()));
      const whole = model.apply(x) as tf.Tensor;
      expect(Array.from(logits?.dataSync() ?? [])).toEqual(Array.from(whole.dataSync()));
    });
    expect(tf.memory().numTensors).toBe(before);
    model.dispose();
  });

  test('carries a gradient to the weights before the tap, and none to those behind it', () => {
    const model = makeModel();
    const tapped = tapStudent(model, ['maps']);
    const weights = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
    tf.tidy(() => {
      const x = tf.ones([1, 6, 5, 1]);
      const compute = () => {
        const { maps, logits } = tapped.apply([x], 'training');
        return tf.add(tf.sum(maps as tf.Tensor), tf.mul(tf.sum(logits as tf.Tensor), 0)) as tf.Scalar;
      };
      const { grads } = tf.variableGrads(compute, weights);
      const steepest = Object.values(grads).map((slopes) => tf.max(tf.abs(slopes)).dataSync()[0]);
      expect(steepest.map((slope) => slope !== 0)).toEqual([true, true, false, false]);
    });
    model.dispose();
  });

  test('gives the only output by the name of its layer too, however often that is used', () => {
    const input = tf.input({ shape: [3], name: 'input' });
    const shared = tf.layers.dense({ units: 3, name: 'age' });
    const once = shared.apply(input) as tf.SymbolicTensor;
    for (const output of [once, shared.apply(once) as tf.SymbolicTensor]) {
      const model = tf.model({ inputs: input, outputs: output });
      for (const names of [['age'], ['age', 'logits'], ['age', 'input']]) {
        const tapped = tapStudent(model, names);
        expect(tapped.outputs).toEqual({ logits: [3], ...Object.fromEntries(names.map((name) => [name, [3]])) });
        tf.tidy(() => {
          const x = tf.tensor2d([1, 2, 3], [1, 3]);
          const { age, logits, ...others } = tapped.apply([x], 'training');
          const whole = Array.from((model.apply(x) as tf.Tensor).dataSync());
          expect([age, logits].map((tensor) => Array.from(tensor?.dataSync() ?? []))).toEqual([whole, whole]);
          expect(Object.values(others).map((tensor) => Array.from(tensor.dataSync()))).toEqual(
            names.includes('input') ? [[1, 2, 3]] : [],
          );
        });
      }
    }
    shared.dispose();
  });

  test('gives one of several outputs under its own name, beside an inner layer', () => {
    const input = tf.input({ shape: [3], name: 'input' });
    const outputs = ['one', 'two'].map((name) => tf.layers.dense({ units: 2, name }).apply(input) as tf.SymbolicTensor);
    const model = tf.model({ inputs: input, outputs });
    const tapped = tapStudent(model, ['two', 'input']);
    expect(tapped.outputs).toEqual({ one: [2], two: [2], input: [3] });
    tf.tidy(() => {
      const x = tf.tensor2d([1, 2, 3], [1, 3]);
      const [one, two] = model.apply(x) as tf.Tensor[];
      const read = tapped.apply([x], 'training');
      for (const [name, tensor] of Object.entries({ one, two, input: x })) {
        expect(Array.from(read[name]?.dataSync() ?? [])).toEqual(Array.from(tensor?.dataSync() ?? []));
      }
    });
    model.dispose();
  });

  test('names what there is when there is no such layer', () => {
    const model = makeModel();
    expect(() => tapStudent(model, ['conv'])).toThrow(
      expect.objectContaining({ code: 'unknown-output', message: expect.stringContaining('"maps", "flat", "dense"') }),
    );
    model.dispose();
  });

  test('reads inside attention, in the layer that stands in the student', () => {
    const model = transformerTinyDesign.build(tf, tiny, 1);
    const parts = ['attention_1/queries', 'attention_1/keys', 'attention_2/values'];
    const tapped = tapStudent(model, ['logits', ...parts, 'attention_2']);
    const sequence = [tiny.length, tiny.width];
    const taps = [...parts, 'attention_2'].map((name) => [name, sequence]);
    expect(tapped.outputs).toEqual({ logits: [tiny.classes], ...Object.fromEntries(taps) });
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const x = tf.tensor2d([1, 2, 3, 4, 5, 6, 0, 6, 1, 2], [2, 5], 'int32');
      const read = tapped.apply([x], 'training');
      expect(Object.keys(read)).toEqual(['logits', ...parts, 'attention_2']);
      const byHand = tf.model({
        inputs: model.inputs,
        outputs: [...model.outputs, attentionTap(tf, model.getLayer('attention_1'), 'keys')],
      });
      const [logits, keys] = byHand.apply(x) as tf.Tensor[];
      expect(Array.from(read['attention_1/keys']?.dataSync() ?? [])).toEqual(Array.from(keys?.dataSync() ?? []));
      expect(Array.from(read['logits']?.dataSync() ?? [])).toEqual(Array.from(logits?.dataSync() ?? []));
      expect(new Set(read['attention_1/queries']?.dataSync()).size).toBeGreaterThan(10);
    });
    expect(tf.memory().numTensors).toBe(before);
    model.dispose();
  });

  test('carries the gradient of a part to that part’s kernel and to what lies before it', () => {
    const model = transformerTinyDesign.build(tf, tiny, 1);
    const tapped = tapStudent(model, ['attention_2/keys']);
    const weights = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
    tf.tidy(() => {
      const x = tf.tensor2d([1, 2, 3, 4, 5, 6, 0, 6, 1, 2], [2, 5], 'int32');
      const compute = () => {
        const { logits, ...read } = tapped.apply([x], 'training');
        const keys = read['attention_2/keys'] as tf.Tensor;
        return tf.add(tf.sum(tf.square(keys)), tf.mul(tf.sum(logits as tf.Tensor), 0)) as tf.Scalar;
      };
      const { grads } = tf.variableGrads(compute, weights);
      const reached = model.trainableWeights.filter((_, i) => {
        const slopes = grads[(weights[i] as tf.Variable).name] as tf.Tensor;
        return (tf.max(tf.abs(slopes)).dataSync()[0] as number) > 0;
      });
      const names = reached.map(({ originalName }) => originalName);
      expect(names.filter((name) => name.startsWith('attention_2/')).map((name) => name.toLowerCase())).toEqual(
        expect.arrayContaining([expect.stringContaining('key')]),
      );
      expect(names.some((name) => /^attention_2\/.*(query|value|out)/i.test(name))).toBe(false);
      expect(names.some((name) => name.startsWith('attention_1/'))).toBe(true);
      expect(names.some((name) => name.startsWith('logits'))).toBe(false);
    });
    model.dispose();
  });

  test.each([
    ['a part of another layer', 'logits/keys', 'Only multi-head attention offers parts'],
    ['a part that attention does not have', 'attention_1/scores', 'offers queries, keys, values'],
    ['a part of a layer that there is not', 'attention_9/keys', '"attention_1"'],
  ])('refuses %s', (_, name, said) => {
    const model = transformerTinyDesign.build(tf, tiny, 1);
    expect(() => tapStudent(model, [name])).toThrow(
      expect.objectContaining({ code: 'unknown-output', message: expect.stringContaining(said) }),
    );
    model.dispose();
  });
});
