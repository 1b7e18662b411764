import { expect, test } from 'vitest';
import { node, tinyBranches, tinyClassifier, value } from '../cases/tinyCases.ts';
import { type OnnxNode, onnx } from '../model.ts';
import { softmaxOutputs } from './softmaxOutputs.ts';

const end = (nodes: OnnxNode[], outputs = ['y']) =>
  softmaxOutputs(onnx.graph({ node: nodes, output: outputs.map((name) => value(name, ['B', 3])) }) as never);

test.each<[string, OnnxNode[], string[]]>([
  ['a Softmax', [node('Softmax', ['a'], ['y'])], ['y']],
  [
    'a Softmax that is passed on',
    [node('Softmax', ['a'], ['s']), node('Squeeze', ['s'], ['t']), node('Cast', ['t'], ['y'])],
    ['y'],
  ],
  [
    'one in whole numbers',
    [node('QLinearSoftmax', ['a'], ['q']), node('DequantizeLinear', ['q', 'c', 'z'], ['y'])],
    ['y'],
  ],
  [
    'one that is written out',
    [node('Exp', ['a'], ['e']), node('ReduceSum', ['e', 'axes'], ['s']), node('Div', ['e', 's'], ['y'])],
    ['y'],
  ],
  ['a LogSoftmax', [node('LogSoftmax', ['a'], ['y'])], []],
  ['a Sigmoid, which may be a measure', [node('Sigmoid', ['a'], ['y'])], []],
  ['a regression', [node('Gemm', ['a', 'w', 'b'], ['y'])], []],
  ['attention in the midst', [node('Softmax', ['a'], ['s']), node('MatMul', ['s', 'v'], ['y'])], []],
  [
    'a share that may be negative',
    [node('Tanh', ['a'], ['e']), node('ReduceSum', ['e'], ['s']), node('Div', ['e', 's'], ['y'])],
    [],
  ],
  ['an input that is given back', [node('Identity', ['x'], ['y'])], []],
])('%s', (_, nodes, expected) => {
  expect(end(nodes)).toEqual(expected);
});

test('each output is told by itself', () => {
  const nodes = [node('Gemm', ['x', 'w'], ['l']), node('Softmax', ['l'], ['p'])];
  expect(end(nodes, ['l', 'p'])).toEqual(['p']);
  expect(softmaxOutputs(tinyClassifier().graph)).toEqual(['y']);
  expect(softmaxOutputs(tinyBranches().graph)).toEqual([]);
});
