import { beforeAll, describe, expect, test } from 'vitest';
import { openBackendHere } from '../../../runtime/backends/open.ts';
import { backendOptions } from '../../../runtime/cases/assetCases.ts';
import * as tf from '../../../runtime/tf.ts';
import { buildStudent } from '../../../student/build.ts';
import { artifactsOf } from '../../../student/layersModel.ts';
import { students } from '../../stepperCases.ts';
import { openFakeQuantizer } from './fakeQuantizer.ts';
import { placesOf, roundedInputs } from './places.ts';
import { quantizationSettings } from './quantizationAware.ts';

const modelOf = async (name: string) =>
  buildStudent(await (students[name] as (typeof students)[string]).student().portable(), 3);

/** Class names of the layers of which something is rounded, without the numbers of their names. */
function placed(model: tf.LayersModel, what: 'weights' | 'outputs'): string[] {
  return placesOf(model, []).flatMap(({ layer, weights, isOutputRounded }) =>
    (what === 'weights' ? weights.length > 0 : isOutputRounded) ? [layer.getClassName()] : [],
  );
}

type Seven = [tf.Tensor4D, tf.Tensor, tf.Tensor, tf.Tensor2D, tf.Tensor, tf.Tensor, tf.Tensor];

const repeated = (count: number, ...names: string[]) => Array.from({ length: count }, () => names).flat();

describe('the places that are rounded', () => {
  beforeAll(() => tf.setBackend('cpu'));

  test.each([
    ['mlp', ['Dense', 'Dense'], ['Dense']],
    // Neither logits nor what a pooling only moves.
    ['cnn', ['Conv2D', 'Conv2D', 'Dense', 'Dense'], ['Conv2D', 'Conv2D', 'Dense']],
    [
      'ds-cnn',
      ['Conv2D', ...repeated(4, 'DepthwiseConv2D', 'Conv2D'), 'Dense'],
      [...repeated(9, 'Activation'), 'GlobalAveragePooling2D'],
    ],
  ])('in %s are the ones its export rounds', async (name, weights, outputs) => {
    const model = await modelOf(name);
    expect(placed(model, 'weights')).toEqual(weights);
    expect(placed(model, 'outputs')).toEqual(outputs);
    expect(roundedInputs(model, [])).toEqual(model.inputNames);
    expect(
      placesOf(
        model,
        model.layers.map((layer) => layer.name),
      ),
    ).toEqual([]);
    model.dispose();
  });

  test('in a residual block are the sum, after its ReLU, and each branch without a ReLU', async () => {
    const model = await modelOf('resnet8');
    const outputs = placed(model, 'outputs');
    expect(outputs).not.toContain('Add');
    const count = (name: string) => outputs.filter((className) => className === name).length;
    // The three branches that end in a sum, and two short cuts that are convolutions.
    expect([count('BatchNormalization'), count('Conv2D'), count('Activation')]).toEqual([3, 2, 7]);
    model.dispose();
  });

  test('are none for tokens, and only the matrices of attention', async () => {
    const model = await modelOf('transformer-tiny');
    expect(roundedInputs(model, [])).toEqual([undefined]);
    const attention = placesOf(model, []).find(({ layer }) => layer.getClassName() === 'MultiHeadAttention');
    expect(attention).toMatchObject({ weights: repeated(4, 'x').map(() => ({ channels: 8, inner: 1 })) });
    model.dispose();
  });
});

describe.each(['cpu', 'wasm'] as const)('on %s', (backendName) => {
  const onBackend = async (work: () => Promise<void>) => {
    const backend = await openBackendHere(backendOptions(backendName));
    const before = tf.memory().numTensors;
    await work();
    expect(tf.memory().numTensors).toBe(before);
    backend.dispose();
  };

  const withTwo = (channels: number) =>
    tf.sequential({
      layers: [
        tf.layers.conv2d({ inputShape: [6, 6, 2], filters: channels, kernelSize: 3, useBias: false }),
        tf.layers.batchNormalization(),
        tf.layers.activation({ activation: 'relu' }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 3 }),
      ],
    });

  /** Gives every batch normalization statistics and scales that differ much between channels. */
  function unsettle(model: tf.LayersModel): void {
    tf.tidy(() => {
      const spread = (count: number) => tf.tensor1d(Array.from({ length: count }, (_, i) => 0.05 * 3 ** i));
      const norm = model.layers[1] as tf.LayersModel['layers'][number];
      const count = norm.getWeights()[0]?.size ?? 0;
      norm.setWeights([spread(count), tf.zeros([count]), tf.ones([count]), tf.reverse(spread(count))]);
    });
  }

  test('weights before a batch normalization are rounded as an export folds them', () =>
    onBackend(async () => {
      const model = withTwo(4);
      unsettle(model);
      const settings = quantizationSettings({
        perChannel: false,
        activationBits: 'none',
        exclude: [model.layers[4]?.name ?? ''],
      });
      tf.tidy(() => {
        const x = tf.randomNormal([5, 6, 6, 2], 0, 1, 'float32', 1);
        const [kernel, gamma, beta, matrix, offset, mean, variance] = model.getWeights() as Seven;
        const factor = tf.div(gamma, tf.sqrt(tf.add(variance, 1e-3)));
        const folded = tf.mul(kernel, factor);
        const step = tf.div(tf.max(tf.abs(folded)), 127);
        const rounded = tf.mul(tf.round(tf.div(folded, step)), step) as tf.Tensor4D;
        const bias = tf.sub(beta, tf.mul(mean, factor));
        const hidden = tf.relu(tf.add(tf.conv2d(x as tf.Tensor4D, rounded, 1, 'valid'), bias));
        const wanted = tf.add(tf.matMul(tf.reshape(hidden, [5, -1]), matrix), offset);
        using quantizer = openFakeQuantizer(model, settings);
        quantizer.start();
        const actual = model.predict(x) as tf.Tensor;
        expect(tf.max(tf.abs(tf.sub(actual, wanted))).dataSync()[0]).toBeLessThan(1e-4);
      });
      model.dispose();
    }));

  test('ranges move only during training', () =>
    onBackend(async () => {
      const model = tf.sequential({
        layers: [
          tf.layers.dense({ units: 4, activation: 'relu', inputShape: [3], name: 'hidden' }),
          tf.layers.dense({ units: 2, name: 'logits' }),
        ],
      });
      const quantizer = openFakeQuantizer(model, quantizationSettings({ momentum: 0.5 }));
      quantizer.start();
      const pass = (rows: number[][], training: boolean) =>
        tf.tidy(() => {
          model.apply(tf.tensor2d(rows), { training });
        });
      pass([[1, 2, -3]], true);
      const input = model.inputs[0]?.sourceLayer.name ?? '';
      const { layers, ranges } = await quantizer.report();
      expect(layers).toEqual(['hidden', 'logits']);
      expect(Object.keys(ranges).sort()).toEqual([input, 'hidden'].sort());
      expect(ranges[input]).toEqual([-3, 2]);
      pass([[50, 50, -50]], false);
      expect((await quantizer.report()).ranges).toEqual(ranges);
      pass([[4, 2, -5]], true);
      expect((await quantizer.report()).ranges[input]).toEqual([-4, 3]);
      quantizer[Symbol.dispose]();
      model.dispose();
    }));

  test('a released model is as it was before', () =>
    onBackend(async () => {
      const model = withTwo(3);
      unsettle(model);
      const dense = model.layers.at(-1) as tf.LayersModel['layers'][number];
      tf.tidy(() => dense.setWeights([tf.linspace(-1, 1, 48 * 3).reshape([48, 3]), tf.tensor1d([0.3, 0.2, 0.1])]));
      const convolution = model.layers[0] as tf.LayersModel['layers'][number];
      tf.tidy(() => convolution.setWeights([tf.linspace(-0.3, 0.7, 3 * 3 * 2 * 3).reshape([3, 3, 2, 3])]));
      const bytes = async () => [...new Uint8Array((await artifactsOf(model)).weightData)];
      const answer = () => tf.tidy(() => [...(model.predict(tf.ones([1, 6, 6, 2])) as tf.Tensor).dataSync()]);
      const [before, answerBefore] = [await bytes(), answer()];
      for (let run = 0; run < 2; run++) {
        const quantizer = openFakeQuantizer(model, quantizationSettings({ weightBits: 2 }));
        expect(answer()).toEqual(answerBefore);
        quantizer.start();
        expect(answer()).not.toEqual(answerBefore);
        expect(await bytes()).not.toEqual(before);
        quantizer[Symbol.dispose]();
        quantizer[Symbol.dispose]();
        expect(answer()).toEqual(answerBefore);
        expect(await bytes()).toEqual(before);
      }
      model.dispose();
    }));

  test('a layer that does not exist cannot be excluded', () =>
    onBackend(async () => {
      const model = withTwo(3);
      expect(() => openFakeQuantizer(model, quantizationSettings({ exclude: ['head'] }))).toThrow(
        expect.objectContaining({ code: 'invalid-option', message: expect.stringContaining('"head"') }),
      );
      model.dispose();
    }));
});
