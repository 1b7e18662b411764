import { describe, expect, test } from 'vitest';
import { refusalOf, reread } from '../cases/refusalCases.ts';
import { floats, modelOf, node } from '../cases/tinyCases.ts';
import { type OnnxModel, onnx } from '../model.ts';
import { checkModel } from './check.ts';

/** A model that adds a weight. */
const withWeight = (fields: Parameters<typeof onnx.tensor>[0]) =>
  modelOf({
    initializer: [onnx.tensor({ name: 'w', dataType: 1, ...fields })],
    node: [node('Add', ['x', 'w'], ['y'])],
  });
const external = (pairs: Record<string, string>) =>
  withWeight({
    dims: [2n],
    dataLocation: 1,
    externalData: Object.entries(pairs).map(([key, value]) => ({ key, value })) as never,
  });

function sparse(indices: number[], dims: bigint[]): OnnxModel {
  const listed = onnx.tensor({ dims: [BigInt(indices.length)], dataType: 7, int64Data: indices.map(BigInt) });
  const sparseInitializer = [{ values: floats('w', [2], [3, 4]), indices: listed, dims }];
  return modelOf({ sparseInitializer, node: [node('MatMul', ['x', 'w'], ['y'])] });
}

describe('accepted', () => {
  test.each<[string, OnnxModel, string[]?]>([
    ['a weight without elements', withWeight({ dims: [0n] })],
    ['half bytes in integers', withWeight({ dims: [3n], dataType: 22, int32Data: [1, 2] })],
    ['complex numbers in pairs', withWeight({ dims: [2n], dataType: 14, floatData: [1, 2, 3, 4] })],
    ['strings', withWeight({ dims: [1n], dataType: 8, stringData: [new Uint8Array([65])] })],
    ['given external data', external({ location: 'w.bin', offset: '0', length: '8' }), ['w.bin']],
    ['given external data with a dot', external({ location: './w.bin' }), ['w.bin']],
  ])('%s', (_name, model, externalFiles) =>
    checkModel(reread(model), { name: 'm', ...(externalFiles && { externalFiles }) }),
  );
});

test.each<[string, OnnxModel, RegExp]>([
  [
    'a type that is none',
    withWeight({ dims: [1n], dataType: 77, rawData: new Uint8Array(4) }),
    /"w" has the element type 77/,
  ],
  ['a negative length', withWeight({ dims: [-1n], rawData: new Uint8Array(4) }), /length -1/],
  [
    'too few bytes',
    withWeight({ dims: [3n], rawData: new Uint8Array(8) }),
    /"w" of shape \[3\] and type float32 takes 12 bytes and holds 8/,
  ],
  ['too many values', withWeight({ dims: [1n], floatData: [1, 2] }), /needs 1 values and holds 2/],
  ['no values', withWeight({ dims: [2n] }), /needs 2 values and holds 0/],
  ['values of another type', withWeight({ dims: [2n], int32Data: [1, 2] }), /others stand in int32Data/],
  [
    'values twice',
    withWeight({ dims: [1n], floatData: [1], rawData: new Uint8Array(4) }),
    /twice: in rawData and floatData/,
  ],
  [
    'a product beyond 64 bits',
    withWeight({ dims: [2n ** 32n, 2n ** 32n], rawData: new Uint8Array(4) }),
    /larger than the 4 GiB/,
  ],
  ['more than wasm has', withWeight({ dims: [2n ** 31n], rawData: new Uint8Array(4) }), /larger than the 4 GiB/],
  [
    'bad data in an attribute',
    modelOf({
      node: [
        node('Constant', [], ['y'], {
          attribute: [onnx.attribute({ name: 'value', type: 4, t: floats('c', [3], [1]) })],
        }),
      ],
    }),
    /the tensor "value" in node 0 \(Constant\)/,
  ],
  ['values at an unknown place', withWeight({ dims: [1n], dataLocation: 7 }), /unknown place 7/],
  ['an unnamed file', external({}), /another file and names none/],
  ['a bad offset', external({ location: 'w.bin', offset: '-4' }), /offset "-4"/],
  ['another length', external({ location: 'w.bin', length: '12' }), /takes 8 bytes, and 12/],
  [
    'an address in memory as file',
    external({ location: '*/_ORT_MEM_ADDR_/*', offset: '4096', length: '8' }),
    /externalData/,
  ],
  ['an index outside of a sparse weight', sparse([0, 4], [2n, 2n]), /index 4, which is not below 4/],
  ['a sparse weight with other indices', sparse([0], [2n, 2n]), /has 2 values and indices of shape \[1\]/],
  ['a sparse weight of absurd size', sparse([0, 1], [2n ** 40n]), /4 GiB/],
])('refused: %s', (_name, model, message) => {
  const error = refusalOf(model);
  expect(error.code).toBe('invalid-onnx');
  expect(error.message).toMatch(/^"m\.onnx" is no valid ONNX model: .*\.$/);
  expect(error.message).toMatch(message);
});

test('a missing file is named, with those that are given', () => {
  const model = external({ location: 'weights/w.bin' });
  expect(refusalOf(model)).toMatchObject({ code: 'invalid-onnx', details: { file: 'weights/w.bin', given: [] } });
  expect(refusalOf(model).message).toMatch(/"w" has its values in the file "weights\/w\.bin"\. No such file is given/);
  expect(refusalOf(model, ['other.bin']).message).toMatch(/Given are other\.bin/);
});
