import { beforeAll, expect, test } from 'vitest';
import { seededRandom } from '../core/random.ts';
import type { NdArray } from '../core/shape.ts';
import * as tf from '../runtime/tf.ts';
import { nearestNeighbours } from '../student/layers/nearestNeighbours.ts';
import { artifactsOf } from '../student/layersModel.ts';
import { artifactsToOnnx } from './artifactsToOnnx.ts';
import { checkExport, expectSame, ortOutputs } from './exportCases.ts';

const [N, F, C] = [12, 5, 3];

beforeAll(() => tf.setBackend('cpu').then(() => undefined));

function modelOf(k: number, temperature: number, offset = 0): tf.LayersModel {
  const input = tf.input({ shape: [F], name: 'input' });
  const layer = nearestNeighbours(tf, { examples: N, classes: C, k, temperature, name: 'logits' });
  const model = tf.model({ inputs: input, outputs: layer.apply(input) as tf.SymbolicTensor });
  const random = seededRandom(4);
  const memory = tf.tensor2d(
    Float32Array.from({ length: N * F }, () => offset + 2 * random() - 1),
    [N, F],
  );
  const votes = tf.tensor2d(
    Float32Array.from({ length: N * C }, (_, at) => (Math.floor(at / C) % C === at % C ? 1 : 0)),
    [N, C],
  );
  layer.setWeights([memory, votes]);
  tf.dispose([memory, votes]);
  return model;
}

test.each([
  [1, 1, 0],
  [5, 0.5, 0],
  [40, 2, 0],
  [3, 0.5, 100],
])(
  'the %i nearest, temperature %f, features around %i: the file answers like the layer',
  async (k, temperature, offset) => {
    const model = modelOf(k, temperature, offset);
    try {
      for (const opset of [13, 21]) await checkExport(model, [{ shape: [F] }], { opset });
      const random = seededRandom(5);
      const x: NdArray = {
        data: Float32Array.from({ length: 40 * F }, () => offset + 3 * random() - 1.5),
        shape: [40, F],
      };
      const expected = tf.tidy(() =>
        (model.predict(tf.tensor(x.data as Float32Array, [40, F])) as tf.Tensor).dataSync().slice(),
      );
      const given = await ortOutputs(artifactsToOnnx(await artifactsOf(model), {}), [x]);
      expectSame(given, [{ data: expected as Float32Array, shape: [40, C] }]);
      expect(new Set(Array.from(expected, (value) => value.toFixed(2))).size).toBeGreaterThan(1);
    } finally {
      model.dispose();
    }
  },
);
