import { describe, expect, test } from 'vitest';
import { type Feeds, feedsOf, type ModelName, readModelFile, runModel } from '../cases/ortCases.ts';
import { floats, graphAttribute, node, value } from '../cases/tinyCases.ts';
import { type OnnxAttribute, type OnnxModel, onnx, readModel, writeModel } from '../model.ts';
import { int64Tensor } from '../tensorData.ts';
import { upgradeOpset } from './upgradeOpset.ts';

const SHAPE = [2, 3, 4, 5];
const feeds: Feeds = { x: [Float32Array.from({ length: 120 }, (_, i) => Math.sin(1.7 * i) * 2), SHAPE] };

const int = (name: string, i: number) => onnx.attribute({ name, type: 2, i: BigInt(i) });
const ints = (name: string, of: number[]) => onnx.attribute({ name, type: 7, ints: of.map(BigInt) });
const float = (name: string, f: number) => onnx.attribute({ name, type: 1, f });
const text = (name: string, of: string) => onnx.attribute({ name, type: 3, s: new TextEncoder().encode(of) });

function modelAt(version: number, graph: object): OnnxModel {
  const fields = { name: 'g', input: [value('x', SHAPE)], output: [onnx.value({ name: 'y' })], ...graph };
  return onnx.model({ irVersion: 7n, opsetImport: [{ domain: '', version: BigInt(version) }], graph: fields });
}

function one(version: number, opType: string, attribute: OnnxAttribute[], more: object = {}, input = ['x']): OnnxModel {
  return modelAt(version, { node: [node(opType, input, ['y'], { attribute })], ...more });
}

const scales = { initializer: [floats('scales', [4], [1, 1, 2, 3])] };
const index = {
  initializer: [int64Tensor('i', [2, 3, 4, 1], Array(24).fill(2)), floats('u', [2, 3, 4, 1], Array(24).fill(9))],
};
const branches = {
  initializer: [onnx.tensor({ name: 'cond', dataType: 9, int32Data: [1] })],
  node: [
    node('If', ['cond'], ['y'], {
      attribute: ['then_branch', 'else_branch'].map((name) =>
        graphAttribute(name, {
          name,
          node: [node('Clip', ['x'], [name], { attribute: [float('min', -1), float('max', 1)] })],
          output: [value(name, SHAPE)],
        }),
      ),
    }),
  ],
};

const cases: [string, OnnxModel][] = [
  ['Clip', one(9, 'Clip', [float('min', -0.5), float('max', 0.5)])],
  ['Clip above', one(9, 'Clip', [float('max', 0.5)])],
  ['Clip in a branch', modelAt(9, branches)],
  ['Pad', one(9, 'Pad', [ints('pads', [0, 0, 1, 2, 0, 0, 3, 0]), float('value', 1.5)])],
  ['Pad reflect', one(9, 'Pad', [ints('pads', [0, 0, 1, 2, 0, 0, 3, 0]), text('mode', 'reflect')])],
  ['Slice', one(9, 'Slice', [ints('starts', [1, -3]), ints('ends', [3, 100]), ints('axes', [1, 3])])],
  ['Slice without axes', one(9, 'Slice', [ints('starts', [0, 1]), ints('ends', [1, 2])])],
  [
    'TopK',
    one(9, 'TopK', [int('k', 2), int('axis', 2)], {
      node: [node('TopK', ['x'], ['y', 'i'], { attribute: [int('k', 2), int('axis', 2)] })],
    }),
  ],
  [
    'Squeeze',
    modelAt(11, {
      node: [
        node('Unsqueeze', ['x'], ['u'], { attribute: [ints('axes', [1, 3])] }),
        node('Squeeze', ['u'], ['y'], { attribute: [ints('axes', [3])] }),
      ],
    }),
  ],
  ['ReduceSum', one(11, 'ReduceSum', [ints('axes', [1, -1]), int('keepdims', 0)])],
  [
    'Split',
    modelAt(11, { node: [node('Split', ['x'], ['y', 'z'], { attribute: [int('axis', 3), ints('split', [2, 3])] })] }),
  ],
  ['Dropout', one(9, 'Dropout', [float('ratio', 0.4)])],
  ['Softmax', one(11, 'Softmax', [])],
  ['Softmax over two axes', one(11, 'Softmax', [int('axis', 2)])],
  ['Softmax over the last axis', one(11, 'Softmax', [int('axis', 3)])],
  ['LogSoftmax', one(9, 'LogSoftmax', [int('axis', 1)])],
  ['Upsample nearest', one(9, 'Upsample', [text('mode', 'nearest')], scales, ['x', 'scales'])],
  ['Upsample linear', one(9, 'Upsample', [text('mode', 'linear')], scales, ['x', 'scales'])],
  ['Resize', one(10, 'Resize', [text('mode', 'nearest')], scales, ['x', 'scales'])],
  ['Scatter', one(9, 'Scatter', [int('axis', 3)], index, ['x', 'i', 'u'])],
];

async function expectSame(bytes: Uint8Array, given: Feeds, to: number) {
  const upgraded = readModel(bytes.slice());
  upgradeOpset(upgraded, to);
  expect(Number(upgraded.opsetImport.find(({ domain }) => domain === '')?.version)).toBe(to);
  const [before, after] = [await runModel(bytes, given), await runModel(writeModel(upgraded), given)];
  expect(Object.keys(after)).toEqual(Object.keys(before));
  for (const [name, { dims, data }] of Object.entries(before)) {
    expect(after[name]?.dims).toEqual(dims);
    const [expected, found] = [data as Float32Array, after[name]?.data as Float32Array];
    expect(found.length).toBe(expected.length);
    const worst = expected.reduce((most, number, i) => Math.max(most, Math.abs(number - (found[i] as number))), 0);
    expect(worst).toBeLessThanOrEqual(1e-6);
  }
}

describe('an operator of an earlier set gives the same in a later one', () => {
  test.each(cases)('%s', async (_, model) => {
    const from = Number(model.opsetImport[0]?.version);
    for (const to of [11, 13]) if (to > from) await expectSame(writeModel(model), feeds, to);
  });

  test.each<ModelName>(['reader', 'direction', 'detector'])('the model "%s"', async (name) => {
    const bytes = readModelFile(name);
    expect(Number(readModel(bytes).opsetImport[0]?.version)).toBeLessThan(13);
    await expectSame(bytes, feedsOf(name), 13);
  });
});

test('a model that is late enough stays as it is', () => {
  const model = one(13, 'Relu', []);
  const before = writeModel(model);
  upgradeOpset(model, 11);
  expect(writeModel(model)).toEqual(before);
});

test.each<[string, OnnxModel, RegExp]>([
  [
    'a mask of Dropout',
    modelAt(9, { node: [node('Dropout', ['x'], ['d', 'm']), node('Add', ['d', 'm'], ['y'])] }),
    /Dropout.*mask/,
  ],
  [
    'a Resize that shrinks',
    one(10, 'Resize', [], { initializer: [floats('scales', [4], [1, 1, 0.5, 1])] }, ['x', 'scales']),
    /Resize.*below 1/,
  ],
  ['a Scan that counts its batch', one(8, 'Scan', []), /Scan/],
  ['an operator set before 7', one(6, 'Relu', []), /operator set 6/],
])('%s is refused by its name', (_, model, message) => {
  expect(() => upgradeOpset(model, 13)).toThrow(message);
});
