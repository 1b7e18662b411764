import { describe, expect, test } from 'vitest';
import * as tf from '../../runtime/tf.ts';
import { buildStudent } from '../build.ts';
import { onBackend } from '../cases/layerCases.ts';
import { artifactsFromFiles, toFiles } from '../files/files.ts';
import { artifactsOf } from '../layersModel.ts';
import { type TokenBagConfig, tokenBag } from './tokenBag.ts';

const TABLE = [9, 9, /**/ 1, 2, /**/ 3, 4, /**/ 5, 8];

describe.each(['cpu', 'wasm'] as const)('tokenBag on %s', (backendName) => {
  onBackend(backendName);

  test('is the mean of what is not 0, for tokens of any shape, and 0 of none', () => {
    const layer = tokenBag(tf, { vocabulary: 4, width: 2 });
    tf.tidy(() => {
      const given = tf.tensor(Int32Array.of(1, 0, 0, /**/ 1, 2, 0, /**/ 3, 1, 3, /**/ 0, 0, 0), [2, 2, 3], 'int32');
      layer.apply(given);
      layer.setWeights([tf.tensor2d(TABLE, [4, 2])]);
      const out = layer.apply(given) as tf.Tensor;
      expect(out.shape).toEqual([2, 2, 2]);
      expect([...out.dataSync()]).toEqual([1, 2, 2, 3, ...[11 / 3, 6].map(Math.fround), 0, 0]);
      const row = layer.apply(tf.tensor(Int32Array.of(2, 3, 0), [1, 3], 'int32')) as tf.Tensor;
      expect([...row.dataSync()]).toEqual([4, 6]);
    });
    layer.dispose();
  });

  test('teaches each token its share, and token 0 nothing', () => {
    const layer = tokenBag(tf, { vocabulary: 4, width: 2 });
    tf.tidy(() => {
      const given = tf.tensor(Int32Array.of(1, 3, 0, 0, /**/ 3, 3, 2, 1), [2, 4], 'int32');
      layer.apply(given);
      const weight = layer.trainableWeights[0]?.read() as tf.Variable;
      const dy = tf.tensor2d([2, 4, /**/ 8, -4], [2, 2]);
      const { grads } = tf.variableGrads(
        () => tf.sum(tf.mul(layer.apply(given) as tf.Tensor, dy)) as tf.Scalar,
        [weight],
      );
      const slopes = [0, 0, /**/ 1 + 2, 2 - 1, /**/ 2, -1, /**/ 1 + 4, 2 - 2];
      expect([...(grads[weight.name] as tf.Tensor).dataSync()].map((slope) => slope + 0)).toEqual(slopes);
    });
    layer.dispose();
  });

  test('is saved and loaded with its vectors', async () => {
    const input = tf.input({ shape: [3], dtype: 'int32' });
    const layer = tokenBag(tf, { vocabulary: 4, width: 2, seed: 5 });
    const model = tf.model({ inputs: input, outputs: layer.apply(input) as tf.SymbolicTensor });
    tf.tidy(() => model.setWeights([tf.tensor2d(TABLE, [4, 2])]));
    const artifacts = artifactsFromFiles(toFiles(await artifactsOf(model)));
    const again = await buildStudent({ kind: 'artifacts', artifacts }, 99);
    tf.tidy(() => {
      const out = again.predict(tf.tensor(Int32Array.of(1, 2, 0), [1, 3], 'int32')) as tf.Tensor;
      expect([...out.dataSync()]).toEqual([2, 3]);
    });
    model.dispose();
    again.dispose();
  });

  test('starts from its seed, with vectors about 1 long', () => {
    const startOf = (seed: number) => {
      const layer = tokenBag(tf, { vocabulary: 500, width: 16, seed });
      tf.tidy(() => void layer.apply(tf.zeros([1, 3], 'int32')));
      const values = [...(layer.getWeights()[0] as tf.Tensor).dataSync()];
      layer.dispose();
      return values;
    };
    const first = startOf(1);
    expect(startOf(1)).toEqual(first);
    expect(startOf(2)).not.toEqual(first);
    const meanSquare = first.reduce((sum, value) => sum + value ** 2, 0) / 500;
    expect(meanSquare).toBeGreaterThan(0.9);
    expect(meanSquare).toBeLessThan(1.1);
  });
});

test.each<TokenBagConfig>([
  { vocabulary: 1, width: 2 },
  { vocabulary: 4, width: 0 },
  { vocabulary: 2.5, width: 2 },
])('refuses %o', (config) => {
  expect(() => tokenBag(tf, config)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
});
