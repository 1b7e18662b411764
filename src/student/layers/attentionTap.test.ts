import { describe, expect, test } from 'vitest';
import * as tf from '../../runtime/tf.ts';
import { onBackend } from '../cases/layerCases.ts';
import { transformerTinyDesign } from '../zoo/transformerTiny.ts';
import { attentionTap } from './attentionTap.ts';
import { multiHeadAttention } from './multiHeadAttention.ts';

const LENGTH = 3;
const WIDTH = 4;

describe.each(['cpu', 'wasm'] as const)('attentionTap on %s', (backendName) => {
  onBackend(backendName);

  test.each(['queries', 'keys', 'values'] as const)('gives the %s as the layer projects them', (part) => {
    const { model, tapped, layer } = tappedModel([part]);
    tf.tidy(() => {
      const x = tf.randomNormal([2, LENGTH, WIDTH], 0, 1, 'float32', 6);
      const [out, read] = tapped.predict(x) as tf.Tensor[];
      expect([...(out as tf.Tensor).dataSync()]).toEqual([...(model.predict(x) as tf.Tensor).dataSync()]);
      const [kernel, bias] = weightsOf(layer, part);
      const rows = tf.reshape(x, [2 * LENGTH, WIDTH]);
      const byHand = tf.add(tf.matMul(rows, kernel), bias).dataSync();
      expect(read?.shape).toEqual([2, LENGTH, WIDTH]);
      expect(Math.max(...byHand)).toBeGreaterThan(0.1);
      (read as tf.Tensor).dataSync().forEach((value, i) => {
        expect(value).toBeCloseTo(byHand[i] as number, 5);
      });
    });
    model.dispose();
  });

  test('sends gradients to the kernel and the bias of its part, and to what lies before', () => {
    const { model, tapped, layer } = tappedModel(['keys']);
    const variables = layer.trainableWeights.map((weight) => weight.read() as tf.Variable);
    tf.tidy(() => {
      const x = tf.variable(tf.randomNormal([2, LENGTH, WIDTH], 0, 1, 'float32', 6));
      const { grads } = tf.variableGrads(() => {
        const [out, read] = tapped.apply(x, { training: true }) as tf.Tensor[];
        const nothing = tf.mul(tf.sum(out as tf.Tensor), 0);
        return tf.add(tf.sum(tf.square(read as tf.Tensor)), nothing) as tf.Scalar;
      }, [x, ...variables]);
      const reached = variables.map(({ name }) => Math.max(...(grads[name] as tf.Tensor).abs().dataSync()) > 0.01);
      expect(reached).toEqual(['query', 'key', 'value', 'out'].flatMap((of) => [of === 'key', of === 'key']));
      expect(Math.max(...(grads[x.name] as tf.Tensor).abs().dataSync())).toBeGreaterThan(0.01);
      x.dispose();
    });
    model.dispose();
  });

  test('adds no weight, and reads all three of every block of a transformerTiny', () => {
    const options = { length: 5, vocabulary: 7, classes: 3, width: 4, heads: 2, hidden: 6, blocks: 2 };
    const model = transformerTinyDesign.build(tf, options, 1);
    const layers = model.layers.filter((layer) => layer.getClassName() === 'MultiHeadAttention');
    expect(layers.length).toBe(2);
    const taps = layers.flatMap((layer) => ['queries', 'keys', 'values'].map((part) => attentionTap(tf, layer, part)));
    const tapped = tf.model({ inputs: model.inputs, outputs: [...model.outputs, ...taps] });
    expect(tapped.trainableWeights.length).toBe(model.trainableWeights.length);
    tf.tidy(() => {
      const [logits, ...read] = tapped.predict(tf.zeros([2, 5], 'int32')) as tf.Tensor[];
      expect(logits?.shape).toEqual([2, 3]);
      expect(read.map(({ shape }) => shape)).toEqual(taps.map(() => [2, 5, 4]));
    });
    model.dispose();
  });

  test('refuses another part, another layer, and a layer without a model', () => {
    const { model, layer } = tappedModel([]);
    const dense = tf.layers.dense({ units: 2 });
    const refused = (code: string) => expect.objectContaining({ code });
    expect(() => attentionTap(tf, layer, 'scores')).toThrow(refused('unknown-output'));
    expect(() => attentionTap(tf, dense, 'queries')).toThrow(refused('unknown-output'));
    expect(() => attentionTap(tf, multiHeadAttention(tf, { heads: 2 }), 'keys')).toThrow(refused('student-invalid'));
    model.dispose();
  });
});

function tappedModel(parts: readonly string[]) {
  const input = tf.input({ shape: [LENGTH, WIDTH] });
  const layer = multiHeadAttention(tf, { heads: 2, seed: 5 });
  const model = tf.model({ inputs: input, outputs: layer.apply(input) as tf.SymbolicTensor });
  // The bias starts at zero, where one that is forgotten would not be seen.
  tf.tidy(() => {
    layer.setWeights(
      layer.getWeights().map((weight, i) => (i % 2 === 0 ? weight.clone() : tf.fill(weight.shape, 0.3))),
    );
  });
  const taps = parts.map((part) => attentionTap(tf, layer, part));
  const tapped = tf.model({ inputs: model.inputs, outputs: [...model.outputs, ...taps] });
  return { model, tapped, layer };
}

function weightsOf(layer: ReturnType<typeof multiHeadAttention>, part: string) {
  const at = 2 * ['queries', 'keys', 'values'].indexOf(part);
  return layer.getWeights().slice(at, at + 2) as [tf.Tensor2D, tf.Tensor1D];
}
