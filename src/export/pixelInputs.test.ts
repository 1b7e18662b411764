import { describe, expect, test } from 'vitest';
import { tinyClassifier } from '../onnx/cases/tinyCases.ts';
import { pixelInputsOf } from '../onnx/describe/pixelInputs.ts';
import { readModel } from '../onnx/model.ts';
import * as tf from '../runtime/tf.ts';
import { artifactsOf } from '../student/layersModel.ts';
import { artifactsToOnnx } from './artifactsToOnnx.ts';

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
      name: 'of a convolution after a reshape',
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
  });

  test('are unknown for a model from elsewhere', () => {
    const model = tinyClassifier();
    expect(pixelInputsOf(model)).toEqual([]);
    expect(pixelInputsOf({ ...model, producerName: 'limbeck' })).toEqual(['x']);
  });
});
