import { expect, test } from 'vitest';
import { type ModelName, readModelFile } from '../cases/ortCases.ts';
import { floats, modelOf, node, tinyBranches, tinyClassifier, value } from '../cases/tinyCases.ts';
import { type OnnxModel, readModel } from '../model.ts';
import { defaultTap } from './defaultTap.ts';

const weight = floats('w', [2, 2], [1, 2, 3, 4]);

test.each<[string, OnnxModel, string]>([
  ['through a bias and a softmax', tinyClassifier(), 'r'],
  [
    'through reshapes, to the product’s computed input on either side',
    modelOf({
      initializer: [weight],
      node: [node('Relu', ['x'], ['h']), node('MatMul', ['w', 'h'], ['p']), node('Reshape', ['p', 's'], ['y'])],
    }),
    'h',
  ],
  [
    'past a product of two computed values, which is no layer',
    modelOf({
      initializer: [weight],
      node: [
        node('MatMul', ['x', 'w'], ['q']),
        node('Relu', ['q'], ['k']),
        node('MatMul', ['q', 'k'], ['a']),
        node('Softmax', ['a'], ['y']),
      ],
    }),
    'x',
  ],
  [
    'where two paths join, to the last layer of the file',
    modelOf({
      initializer: [weight],
      node: [
        node('Gemm', ['x', 'w'], ['one']),
        node('Relu', ['one'], ['h']),
        node('Gemm', ['h', 'w'], ['two']),
        node('Add', ['one', 'two'], ['y']),
      ],
    }),
    'h',
  ],
  [
    'to the maps before a pooled convolution',
    modelOf({
      input: [value('x', ['B', 2, 4, 4])],
      initializer: [floats('k', [3, 2, 1, 1], [1, 2, 3, 4, 5, 6])],
      node: [
        node('Relu', ['x'], ['maps']),
        node('Conv', ['maps', 'k'], ['c']),
        node('GlobalAveragePool', ['c'], ['g']),
        node('Flatten', ['g'], ['y']),
      ],
    }),
    'maps',
  ],
])('the tap is found %s', (_, model, expected) => {
  expect(defaultTap(model)).toBe(expected);
});

test.each<[ModelName, string]>([
  ['reader', 'transpose_51.tmp_0'],
  ['direction', 'reshape2_0.tmp_0'],
])('of the real model "%s" it is what the last layer reads', (name, expected) => {
  expect(defaultTap(readModel(readModelFile(name)))).toBe(expected);
});

test('a model without such a layer is told', () => {
  expect(() => defaultTap(tinyBranches(), 'branches')).toThrow(
    expect.objectContaining({ code: 'unknown-tensor', message: expect.stringContaining('"branches"') }),
  );
});
