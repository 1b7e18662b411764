import { expect, test } from 'vitest';
import { modelOf, node, value } from '../../onnx/cases/tinyCases.ts';
import { type OnnxModel, onnx, writeModel } from '../../onnx/model.ts';
import { dataOf } from '../../onnx/tensorData.ts';
import { builtAssets } from '../../runtime/cases/assetCases.ts';
import { createOnnxSession } from '../session/session.ts';
import { readExternalWeights } from './externalWeights.ts';

/** y = x · w, whose two rows begin eight bytes into a file. */
function modelWith(location = './weights.bin'): OnnxModel {
  const externalData = Object.entries({ location, offset: '8', length: '16' }).map(([key, text]) => ({
    key,
    value: text,
  }));
  const w = onnx.tensor({ name: 'w', dims: [2n, 2n], dataType: 1, dataLocation: 1, externalData });
  return modelOf({
    input: [value('x', ['b', 2])],
    output: [value('y', ['b', 2])],
    initializer: [w],
    node: [node('MatMul', ['x', 'w'], ['y'])],
  });
}

const weights = new Blob([Float32Array.of(9, 9, 1, 2, 3, 4, 9)]);

test('weights in a file next to the model are read from their offset', async () => {
  const model = modelWith();
  await readExternalWeights(model, [{ path: 'weights.bin', data: weights }]);
  expect(Array.from(dataOf(model.graph.initializer[0] as never).data as Float32Array)).toEqual([1, 2, 3, 4]);
});

test('a file that is missing or too short is reported', async () => {
  await expect(readExternalWeights(modelWith(), [])).rejects.toThrow('"weights.bin", which is missing');
  const short = [{ path: 'weights.bin', data: weights.slice(0, 20) }];
  await expect(readExternalWeights(modelWith(), short)).rejects.toMatchObject({
    code: 'invalid-onnx',
    message: expect.stringContaining('has 20 bytes, not 24'),
  });
});

test('a session on the kernels computes with them', async () => {
  const session = createOnnxSession();
  const files = {
    model: new Blob([writeModel(modelWith('weights.bin'))]),
    externalData: [{ path: 'weights.bin', data: weights }],
  };
  await session.open(files, { name: 'tiny', assetBase: builtAssets() }, { device: 'kernels', threads: 1 });
  const { y } = await session.run({ x: { data: Float32Array.of(1, 10), shape: [1, 2] } });
  expect(Array.from(y?.data ?? [])).toEqual([31, 42]);
  await session.close();
});
