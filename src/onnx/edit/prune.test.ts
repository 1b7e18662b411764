import { expect, test } from 'vitest';
import { floats, modelOf, node, tinyBranches, tinyClassifier, tinyFunction, value } from '../cases/tinyCases.ts';
import type { OnnxModel } from '../model.ts';
import { prune } from './prune.ts';

/** What is left of a model that gives only these values. */
function left(model: OnnxModel, ...outputs: string[]) {
  const { graph } = model;
  graph.output = outputs.map((name) => value(name, []));
  prune(graph);
  const names = (list: readonly { name: string }[]) => list.map(({ name }) => name);
  return {
    nodes: graph.node.map(({ opType }) => opType),
    weights: [...names(graph.initializer), ...graph.sparseInitializer.map(({ values }) => values?.name)],
    inputs: names(graph.input),
    types: names(graph.valueInfo),
  };
}

test('what comes after is cut away', () => {
  expect(left(tinyClassifier(), 'r')).toEqual({
    nodes: ['Gemm', 'Relu'],
    weights: ['w1', 'b1'],
    inputs: ['x'],
    types: ['h', 'r'],
  });
});

test('all is kept that an output needs', () => {
  expect(left(tinyClassifier(), 'y')).toEqual({
    nodes: ['Gemm', 'Relu', 'MatMul', 'Add', 'Softmax'],
    weights: ['w1', 'b1', 'w2', 'b2'],
    inputs: ['x'],
    types: ['h', 'r', 'm'],
  });
});

test('branches keep what they read around them', () => {
  expect(left(tinyBranches(), 'chosen').nodes).toEqual(['Neg', 'ReduceMax', 'Constant', 'Greater', 'If']);
  expect(left(tinyBranches(), 'top').nodes).toEqual(['ReduceMax']);
});

test('sparse weights and functions are kept and left out like others', () => {
  expect(left(tinyFunction(), 'y').weights).toEqual(['w']);
  expect(left(tinyFunction(), 't')).toMatchObject({ nodes: ['Twice'], weights: [] });
});

test('a weight may be an output, and then no input is needed', () => {
  expect(left(tinyClassifier(), 'w1')).toEqual({ nodes: [], weights: ['w1'], inputs: [], types: [] });
});

test('nodes out of order, with several outputs, and annotations', () => {
  const model = modelOf({
    input: [value('x', [4]), value('other', [4])],
    initializer: [floats('scale', [1], [1])],
    valueInfo: [value('b', [2]), value('c', [2])],
    quantizationAnnotation: [{ tensorName: 'b' }, { tensorName: 'c' }],
    node: [node('Neg', ['b'], ['y']), node('Split', ['x'], ['a', 'b']), node('Add', ['other', 'scale'], ['c'])],
  });
  expect(left(model, 'y')).toEqual({ nodes: ['Neg', 'Split'], weights: [], inputs: ['x'], types: ['b'] });
  expect(model.graph.node[1]?.output).toEqual(['a', 'b']);
  expect(model.graph).toMatchObject({ quantizationAnnotation: [{ tensorName: 'b' }] });
});
