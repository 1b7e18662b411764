import { beforeAll, describe, expect, test } from 'vitest';
import * as tf from '../../runtime/tf.ts';
import { applyStudent, buildStudent, describeStudent } from '../build.ts';
import { onBackend } from '../cases/layerCases.ts';
import { checkTowers } from '../cases/towerCases.ts';
import { towerOf } from '../kinds/towerOf.ts';
import { artifactsOf } from '../layersModel.ts';
import { studentFromArtifacts } from '../student.ts';
import { type AutoencoderOptions, autoencoder } from './autoencoder.ts';

describe.each(['cpu', 'wasm'] as const)('autoencoder on %s', (backend) => {
  onBackend(backend);
  checkTowers('autoencoder', autoencoder);
});

describe('autoencoder', () => {
  beforeAll(() => tf.setBackend('cpu').then(() => undefined));
  const built = async (options: AutoencoderOptions, seed = 7) =>
    buildStudent(await autoencoder(options).portable(), seed);

  test('has the input, outputs and parameters that it documents', async () => {
    const model = await built({});
    expect(describeStudent(model)).toEqual({
      inputs: { input: [784] },
      outputs: { reconstruction: [784], code: [16] },
      parameters: 205_856,
      trainableParameters: 205_856,
    });
    model.dispose();
    const image = await built({ inputShape: [5, 4, 3], hidden: [], code: 2 });
    expect(describeStudent(image)).toMatchObject({
      inputs: { input: [5, 4, 3] },
      outputs: { reconstruction: [5, 4, 3] },
    });
    image.dispose();
  });

  test('has the same weights for the same seed, and others for another', async () => {
    const weightsOf = async (seed: number) => {
      const model = await built({ inputShape: [6], hidden: [5], code: 2 }, seed);
      const weights = model.getWeights().map((weight) => [...weight.dataSync()]);
      model.dispose();
      return weights;
    };
    const [first, again, other] = [await weightsOf(7), await weightsOf(7), await weightsOf(8)];
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });

  test('towerOf cuts out the encoder', async () => {
    const model = await built({ inputShape: [3, 2], hidden: [5], code: 2 });
    const student = studentFromArtifacts('autoencoder', await artifactsOf(model));
    const encoder = await buildStudent(await (await towerOf(student, 'code')).portable(), 0);
    expect(encoder.layers.map(({ name }) => name)).toEqual(['input', 'flatten', 'encoder_1', 'code']);
    tf.tidy(() => {
      const given = tf.randomUniform([4, 3, 2], -1, 1, 'float32', 3);
      const code = applyStudent(model, [given], 'inference')['code'] as tf.Tensor;
      expect([...(encoder.predict(given) as tf.Tensor).dataSync()]).toEqual([...code.dataSync()]);
    });
    model.dispose();
    encoder.dispose();
  });

  test.each<[string, object]>([
    ['a code of nothing', { code: 0 }],
    ['hidden layers of nothing', { hidden: [0] }],
    ['no shape', { inputShape: [] }],
    ['a shape that is no list', { inputShape: 784 }],
    ['an option that it does not have', { classes: 10 }],
  ])('refuses %s', (_, options) => {
    expect(() => autoencoder(options as AutoencoderOptions)).toThrow(
      expect.objectContaining({ code: 'invalid-option' }),
    );
  });
});
