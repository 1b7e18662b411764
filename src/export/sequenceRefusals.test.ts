import type { LayersModel } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, test } from 'vitest';
import { LimbeckError } from '../core/errors.ts';
import * as tf from '../runtime/tf.ts';
import { artifactsOf } from '../student/layersModel.ts';
import type { StudentArtifacts } from '../student/student.ts';
import { joinWeights, splitWeights, type WeightBytes } from '../student/weightBytes.ts';
import { artifactsToOnnx } from './artifactsToOnnx.ts';
import { expectSame, ortOutputs } from './exportCases.ts';
import { predicted, seededInputs, withSeededWeights } from './exportedCases.ts';
import { chainCase } from './sequenceLayerCases.ts';

beforeAll(() => tf.setBackend('cpu').then(() => undefined));

const { layers } = tf;
type Made = Parameters<typeof chainCase>[3];
const ids = { dtype: 'int32', below: 3 } as const;

/** What is built, and the expected error. */
const REFUSED: Readonly<
  Record<string, readonly [shape: readonly (number | null)[], make: Made, says: RegExp, given?: object]>
> = {
  'CategoryEncoding of ids as they are': [
    [4, 1],
    () => [layers.reshape({ targetShape: [4] }), layers.categoryEncoding({ numTokens: 5, outputMode: 'int' })],
    /outputMode is "int"/,
    ids,
  ],
  'a CenterCrop that enlarges': [
    [4, 4, 1],
    () => [layers.zeroPadding2d(), layers.centerCrop({ height: 9, width: 2 })],
    /would enlarge 6 to 9/,
  ],
  Resizing: [[4, 4, 1], () => layers.resizing({ height: 2, width: 2 }), /no ONNX form of a "Resizing"/],
  'a ConvLSTM2D whose images have a free height': [
    [3, null, 5, 1],
    () => layers.convLstm2d({ filters: 2, kernelSize: 2 }) as never,
    /takes known lengths and at most 256 steps/,
  ],
  'a free length, step by step': [
    [null, 3],
    () => layers.lstm({ units: 2, activation: 'swish' as never }),
    /activations "swish" and "hard_sigmoid".*its length is free/,
  ],
  'a large length, step by step': [
    [300, 3],
    () => layers.simpleRNN({ units: 2, activation: 'gelu' as never }),
    /at most 256; its length is 300/,
  ],
  'a mask that a convolution loses': [
    [6],
    () => [
      layers.embedding({ inputDim: 4, outputDim: 3, maskZero: true }),
      layers.conv1d({ filters: 2, kernelSize: 1 }),
      layers.bidirectional({ layer: layers.gru({ units: 2 }) as never, mergeMode: 'concat' }),
    ],
    /makes a mask \(maskZero or Masking\) that does not reach it/,
    ids,
  ],
  'a layer inside TimeDistributed': [
    [3, 4],
    () => layers.timeDistributed({ layer: layers.categoryEncoding({ numTokens: 5, outputMode: 'int' }) }),
    /the CategoryEncoding in it cannot be written: its outputMode is "int"/,
  ],
  'an unknown layer inside TimeDistributed': [
    [3, 4, 4, 2],
    () => layers.timeDistributed({ layer: layers.randomWidth({ factor: 0.5 }) as never }),
    /the RandomWidth in it cannot be written: limbeck knows no ONNX form/,
  ],
};

describe('is refused, and named', () => {
  test.each(Object.entries(REFUSED))('%s', async (name, [shape, make, says, given = {}]) => {
    const error = await refusal(chainCase('refused', name, shape, make, given).build(tf));
    expect(error.code).toBe('unsupported-layer');
    expect(error.message).toMatch(says);
  });

  test('a stateful layer, with what to do instead', async () => {
    const x = tf.input({ batchShape: [2, 5, 3] });
    const layer = layers.lstm({ units: 2, stateful: true, name: 'keeps' });
    const error = await refusal(tf.model({ inputs: x, outputs: layer.apply(x) as never }));
    expect(error.message).toMatch(/"keeps" \(LSTM\): it is stateful.*initialState, returnState/);
  });

  test('a Concatenate that counts its axis from the end', async () => {
    const inputs = [tf.input({ shape: [3, 2] }), tf.input({ shape: [3, 2] })];
    const error = await refusal(tf.model({ inputs, outputs: layers.concatenate({ axis: -2 }).apply(inputs) as never }));
    expect(error.message).toMatch(/its axis is -2/);
  });

  test('a Dot over the batch', async () => {
    const inputs = [tf.input({ batchShape: [3, 3] }), tf.input({ batchShape: [3, 3] })];
    const error = await refusal(tf.model({ inputs, outputs: layers.dot({ axes: 0 }).apply(inputs) as never }));
    expect(error.message).toMatch(/its axes 0 count the batch/);
  });

  test('every layer at once, before anything is written', async () => {
    const x = tf.input({ batchShape: [2, 5, 3] });
    const first = layers.gru({ units: 2, stateful: true, returnSequences: true, name: 'one' }).apply(x);
    const second = layers.bidirectional({
      layer: layers.gru({ units: 2, stateful: true }) as never,
      mergeMode: 'sum',
      name: 'two',
    });
    const error = await refusal(tf.model({ inputs: x, outputs: second.apply(first as never) as never }));
    expect(error.details?.['layers']).toMatchObject([{ name: 'one' }, { name: 'two' }]);
  });
});

describe('weights that do not fit', () => {
  const make: Made = () =>
    layers.rnn({ cell: [layers.lstmCell({ units: 2 }), layers.gruCell({ units: 4 })] as never, name: 'stack' });

  test('a missing one', async () => {
    const model = chainCase('refused', 'missing', [5, 3], make).build(tf);
    const artifacts = await artifactsOf(model);
    model.dispose();
    const kept = splitWeights(artifacts).filter(({ name }) => !name.endsWith('RNNCell_1/bias'));
    const error = caught(() => artifactsToOnnx(withWeights(artifacts, kept)));
    expect(error.code).toBe('student-invalid');
    expect(error.message).toMatch(/bias of "stack" is missing, and \[12\] is needed/);
  });

  test('one of another shape', async () => {
    const model = chainCase('refused', 'shape', [5, 3], make).build(tf);
    const { weightSpecs, ...rest } = await artifactsOf(model);
    model.dispose();
    const turned = weightSpecs.map((spec) =>
      spec.name.endsWith('RNNCell_0/kernel') ? { ...spec, shape: [8, 3] } : spec,
    );
    const error = caught(() => artifactsToOnnx({ ...rest, weightSpecs: turned }));
    expect(error.message).toMatch(/kernel of "stack" is \[8, 3\], and \[3, 8\] is needed/);
  });

  test('their order in the file does not matter', async () => {
    const model = chainCase('refused', 'order', [5, 3], make).build(tf);
    withSeededWeights(tf, model);
    const artifacts = await artifactsOf(model);
    const parts = splitWeights(artifacts).sort((a, b) => (a.name < b.name ? 1 : -1));
    const shuffled = withWeights(artifacts, parts);
    const given = seededInputs([{ shape: [5, 3] }], 2);
    expectSame(await ortOutputs(artifactsToOnnx(shuffled), given), await predicted(tf, model, given));
    model.dispose();
  });
});

function withWeights({ modelTopology }: StudentArtifacts, weights: readonly WeightBytes[]): StudentArtifacts {
  return { modelTopology, weightSpecs: weights, weightData: joinWeights(weights.map(({ bytes }) => bytes)) };
}

async function refusal(model: LayersModel): Promise<LimbeckError> {
  const artifacts = await artifactsOf(model);
  model.dispose();
  return caught(() => artifactsToOnnx(artifacts));
}

function caught(run: () => unknown): LimbeckError {
  try {
    run();
  } catch (error) {
    if (error instanceof LimbeckError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
