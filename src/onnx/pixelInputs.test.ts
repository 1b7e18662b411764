import { describe, expect, test } from 'vitest';
import { artifactsToOnnx } from '../export/artifactsToOnnx.ts';
import { onnxNodes } from '../predict/onnxMetadata.ts';
import * as tf from '../runtime/tf.ts';
import { artifactsOf } from '../student/layersModel.ts';
import { readModel, writeModel } from './model.ts';
import { pixelInputs, pixelInputsOf } from './pixelInputs.ts';
import { tinyClassifier } from './tinyCases.ts';

async function exported(layers: tf.layers.Layer[]): Promise<Uint8Array<ArrayBuffer>> {
  const model = tf.sequential({ layers });
  const bytes = artifactsToOnnx(await artifactsOf(model));
  model.dispose();
  return bytes;
}

const dense = () => tf.layers.dense({ units: 2, inputShape: [4] });

describe('the inputs of a student that read bytes as pixels', () => {
  test.each([
    { name: 'of a dense layer', layers: () => [dense()], isPixels: true },
    {
      name: 'of a convolution behind a reshape',
      layers: () => [
        tf.layers.reshape({ targetShape: [2, 2, 1], inputShape: [4] }),
        tf.layers.conv2d({ filters: 2, kernelSize: 1 }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 2 }),
      ],
      isPixels: true,
    },
    {
      name: 'of an embedding',
      layers: () => [
        tf.layers.embedding({ inputDim: 9, outputDim: 3, inputLength: 4 }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 2 }),
      ],
      isPixels: false,
    },
  ])('$name: $isPixels', async ({ layers, isPixels }) => {
    const bytes = await exported(layers());
    const model = readModel(bytes, 'exported');
    const input = model.graph.input[0]?.name as string;
    expect(pixelInputsOf(model)).toEqual(isPixels ? [input] : []);
    expect(pixelInputs(onnxNodes(bytes), [input])).toEqual(isPixels ? [input] : []);
  });

  test('are not known of a model from elsewhere', () => {
    const model = tinyClassifier();
    expect(pixelInputsOf(model)).toEqual([]);
    expect(pixelInputsOf({ ...model, producerName: 'limbeck' })).toEqual(['x']);
  });
});

test('the nodes of a file are those that the whole reader finds', () => {
  const model = tinyClassifier();
  const nodes = model.graph.node.map(({ opType, input, output }) => ({ opType, input, output }));
  expect(onnxNodes(writeModel(model))).toEqual(nodes);
  expect(onnxNodes(Uint8Array.of(1, 2, 3))).toEqual([]);
});
