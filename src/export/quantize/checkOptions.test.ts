import { describe, expect, test } from 'vitest';
import { fromArrays } from '../../data/arrays.ts';
import { modelOf, node, tinyClassifier } from '../../onnx/cases/tinyCases.ts';
import { onnx, writeModel } from '../../onnx/model.ts';
import { quantize } from '../quantize.ts';
import type { QuantizeOptions } from '../quantizeOptions.ts';
import { goldenBytes } from './quantizeCases.ts';

describe('what is refused, before anything runs', () => {
  const tiny = writeModel(tinyClassifier());
  const external = tinyClassifier();
  external.graph.initializer[0] = onnx.tensor({
    ...{ name: 'w1', dims: [4n, 5n], dataType: 1, dataLocation: 1 },
    externalData: [{ key: 'location', value: 'weights.bin' }],
  });
  const old = modelOf({ node: [node('Relu', ['x'], ['y'])] }, { opsetImport: [{ domain: '', version: 6n }] });
  const data = fromArrays({ data: new Float32Array(4), shape: [1, 4] });
  const none = fromArrays({ data: new Float32Array(0), shape: [0, 4] });
  const cases: [string, Uint8Array, object, string][] = [
    ['no form', tiny, {}, 'invalid-option'],
    ['another form', tiny, { to: 'int2' }, 'invalid-option'],
    ['a misspelt option', tiny, { to: 'int4', blocksize: 32 }, 'invalid-option'],
    ['a block of 20', tiny, { to: 'int4', blockSize: 20 }, 'invalid-option'],
    ['static without data', tiny, { to: 'static-int8' }, 'invalid-option'],
    ['static on an empty dataset', tiny, { to: 'static-int8', calibration: none }, 'empty-dataset'],
    ['data that nothing reads', tiny, { to: 'float16', calibration: data }, 'invalid-option'],
    ['a percentile of 40', tiny, { to: 'float16', percentile: 40 }, 'invalid-option'],
    ['bad names to exclude', tiny, { to: 'float16', exclude: 'Conv' }, 'invalid-option'],
    ['accuracy without labels', tiny, { to: 'float16', evaluate: { data, metric: 'accuracy' } }, 'invalid-option'],
    ['a tolerance of 2', tiny, { to: 'float16', evaluate: { data, tolerance: 2 } }, 'invalid-option'],
    ['no model', new Uint8Array([60, 104]), { to: 'float16' }, 'invalid-onnx'],
    ['text', 'model.onnx' as unknown as Uint8Array, { to: 'float16' }, 'invalid-option'],
    ['a model without nodes', writeModel(modelOf({ node: [], output: [] })), { to: 'float16' }, 'invalid-onnx'],
    ['weights in another file', writeModel(external), { to: 'float16' }, 'invalid-onnx'],
    ['operator set 6', writeModel(old), { to: 'dynamic-int8' }, 'unsupported-operator'],
  ];
  test.each(cases)('%s', async (_, bytes, options, code) => {
    await expect(quantize(bytes, options as QuantizeOptions).done).rejects.toMatchObject({ code });
  });

  test('a model that is already quantized', async () => {
    const { bytes } = await quantize(goldenBytes('products'), { to: 'dynamic-int8' }).done;
    await expect(quantize(bytes, { to: 'int4' }).done).rejects.toMatchObject({
      code: 'unsupported-operator',
      message: expect.stringContaining('quantized already'),
    });
  });
});
