import { describe, expect, test } from 'vitest';
import { type OnnxTensor, onnx, writeModel } from '../../onnx/model.ts';
import { neededFiles } from './externalData.ts';
import { externalTensor, modelOf } from './fetchModelCases.ts';

const filesOf = (graph: object, functions: object[] = []) =>
  neededFiles(writeModel(onnx.model({ irVersion: 8n, graph: { name: 'g', ...graph }, functions })), 'a.onnx');
const at = (location: string) => externalTensor('w', location, 4);

describe('neededFiles', () => {
  test('are those of all tensors, once each, with the bytes that are read', async () => {
    const initializer = [externalTensor('a', './w.bin', 8), externalTensor('b', 'w.bin', 4), at('sub/v 1.bin')];
    expect(await filesOf({ initializer })).toEqual([
      { path: 'w.bin', leastBytes: 8 },
      { path: 'sub/v 1.bin', leastBytes: 4 },
    ]);
  });

  test('are found in attributes, inner graphs, sparse tensors and functions', async () => {
    const node = (attribute: object) => ({ opType: 'X', attribute: [{ name: 'value', ...attribute }] });
    const inner = { name: 'body', node: [node({ graphs: [{ name: 'deep', initializer: [at('deep')] }] })] };
    const found = await filesOf(
      {
        sparseInitializer: [{ values: at('values'), indices: at('indices') }],
        node: [
          node({ t: at('constant') }),
          node({ tensors: [at('list')] }),
          node({ g: inner }),
          node({ sparseTensor: { values: at('sparse') } }),
          node({ sparseTensors: [{ indices: at('more sparse') }] }),
        ],
      },
      [{ name: 'f', node: [node({ t: at('function') })] }],
    );
    const names = ['values', 'indices', 'constant', 'list', 'deep', 'sparse', 'more sparse', 'function'];
    expect(found.map(({ path }) => path).sort()).toEqual(names.sort());
  });

  test('are none where values stand in the model, or in onnxruntime’s own format', async () => {
    expect(await neededFiles(modelOf('plain'), 'a.onnx')).toEqual([]);
    const unused = { ...at('../x'), dataLocation: 0 } as OnnxTensor;
    expect(await filesOf({ initializer: [unused] })).toEqual([]);
    const ort = Uint8Array.from([32, 0, 0, 0, ...new TextEncoder().encode('ORTM'), 0, 0]);
    expect(await neededFiles(ort, 'a.ort')).toEqual([]);
  });

  test('reads a nonsense length as unknown', async () => {
    const tensor = at('w.bin');
    for (const pair of tensor.externalData) if (pair.key === 'length') pair.value = 'long';
    expect(await filesOf({ initializer: [tensor] })).toEqual([{ path: 'w.bin', leastBytes: 0 }]);
  });

  test.each([
    '../w.bin',
    'a/../w.bin',
    '/w.bin',
    '//host/w.bin',
    'C:\\w.bin',
    'a\\w.bin',
    'https://x.example/w',
    '',
    'a//b',
    'a/.',
  ])('refuses %j, which is not in the model’s folder', async (location) => {
    const error = await filesOf({ initializer: [at(location)] }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'invalid-onnx', details: { location, tensor: 'w' } });
  });

  test('refuses a tensor that names no file, and bytes that are no model', async () => {
    const nameless = onnx.tensor({ name: 'w', dataLocation: 1 });
    await expect(filesOf({ initializer: [nameless] })).rejects.toMatchObject({ code: 'invalid-onnx' });
    const page = new TextEncoder().encode('<!doctype html><title>start</title>');
    await expect(neededFiles(page, 'a.onnx')).rejects.toThrow(/web page/);
  });
});
