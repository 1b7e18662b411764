// Nodes that become one step, on the kernels and in onnxruntime.
import { afterAll, describe, expect, test } from 'vitest';
import { type ModelName, readModelFile } from '../../onnx/cases/ortCases.ts';
import { floats, graphAttribute, node, value } from '../../onnx/cases/tinyCases.ts';
import { type OnnxModel, type OnnxNode, readModel, writeModel } from '../../onnx/model.ts';
import { text } from '../../onnx/shapes/call.ts';
import { simplify } from '../../onnx/simplify.ts';
import {
  answer,
  attributes,
  closeSessions,
  expectSame,
  filter,
  modelOfCase,
  type OperatorCase,
  photo,
  rows,
  weights,
} from './operatorCases.ts';
import { toProgram } from './program.ts';

afterAll(closeSessions);

/** The steps by name: a product with stored weights by its parts too, its bias and the curve at its end. */
function stepsOf(model: OnnxModel): string[] {
  return toProgram(simplify(model)).steps.map(({ op, node: step }) => {
    const name = op.replace('limbeck.kernels.', '');
    const curve = text({ node: step }, 'activation', '');
    return [name, step.input.length > 2 && op !== name && 'bias', curve].filter((part) => part).join(' ');
  });
}

/** The same answer as onnxruntime's, by these steps. */
async function expectFused(one: OperatorCase, steps: readonly string[]): Promise<void> {
  expect(stepsOf(readModel(writeModel(modelOfCase(one))))).toEqual(steps);
  await expectSame(one);
}

const three = floats('three', [], [3]);
const six = floats('six', [], [6]);
const zero = floats('zero', [], [0]);
const stored = [filter, three, six, zero, weights('k', [8, 1, 1])];
const sixths = attributes({ 'alpha:': 1 / 6, 'beta:': 0.5 });
const fifths = attributes({ 'alpha:': 0.2, 'beta:': 0.5 });

describe('a clipped line is one step', () => {
  test.each<[string, string[], OnnxNode[]]>([
    ['ReLU', ['Line'], [node('Relu', ['x'], ['y'])]],
    ['limits', ['Line'], [node('Clip', ['x', 'zero', 'three'], ['y'])]],
    ['one limit', ['Line'], [node('Clip', ['x', '', 'zero'], ['y'])]],
    ['hard sigmoid', ['Line'], [node('HardSigmoid', ['x'], ['y'], { attribute: fifths })]],
    ['a factor before', ['Line'], [node('Mul', ['three', 'x'], ['m']), node('Clip', ['m', 'zero', 'six'], ['y'])]],
    ['a summand before', ['Line'], [node('Sub', ['x', 'three'], ['m']), node('Clip', ['m', 'zero', 'six'], ['y'])]],
    ['a divisor after', ['Line'], [node('Relu', ['x'], ['r']), node('Div', ['r', 'six'], ['y'])]],
    ['a summand after', ['Line', 'Add'], [node('Relu', ['x'], ['r']), node('Add', ['r', 'six'], ['y'])]],
  ])('%s', (_name, steps, nodes) => expectFused({ nodes, x: photo, stored }, steps));

  test('limits as attributes, as before version 11', () => {
    const nodes = [node('Clip', ['x'], ['y'], { attribute: attributes({ 'min:': -0.5, 'max:': 0.25 }) })];
    return expectFused({ nodes, x: photo, opset: 10n }, ['Line']);
  });
});

describe('a clipped line times x is one step', () => {
  const gate = [node('HardSigmoid', ['x'], ['h'], { attribute: fifths }), node('Mul', ['h', 'x'], ['g'])];

  test.each<[string, string[], OnnxNode[]]>([
    ['hard swish by name', ['Gate'], [node('HardSwish', ['x'], ['y'])]],
    [
      'hard swish in two nodes',
      ['Gate'],
      [node('HardSigmoid', ['x'], ['h'], { attribute: sixths }), node('Mul', ['h', 'x'], ['y'])],
    ],
    [
      'another slope, and an affine',
      ['Gate'],
      [...gate, node('Mul', ['g', 'three'], ['m']), node('Add', ['m', 'six'], ['y'])],
    ],
    ['times x once only', ['Gate', 'Mul'], [...gate, node('Mul', ['g', 'x'], ['y'])]],
  ])('%s', (_name, steps, nodes) => expectFused({ nodes, x: photo, stored }, steps));
});

describe('what follows a product with stored weights becomes a part of it', () => {
  const conv = node('Conv', ['x', 'w'], ['c']);

  test.each<[string, string[], OnnxNode[]]>([
    [
      'hard swish in five nodes',
      ['Conv gate'],
      [
        node('Add', ['c', 'three'], ['a']),
        node('Clip', ['a', 'zero', 'six'], ['l']),
        node('Mul', ['c', 'l'], ['m']),
        node('Div', ['m', 'six'], ['y']),
      ],
    ],
    [
      'hard swish, divided first, then an affine',
      ['Conv gate'],
      [
        node('Add', ['c', 'three'], ['a']),
        node('Clip', ['a', 'zero', 'six'], ['l']),
        node('Div', ['l', 'six'], ['d']),
        node('Mul', ['c', 'd'], ['m']),
        node('Mul', ['m', 'three'], ['n']),
        node('Sub', ['n', 'six'], ['y']),
      ],
    ],
    [
      'a factor for each channel, then ReLU',
      ['Conv bias line'],
      [node('Mul', ['c', 'k'], ['m']), node('Add', ['m', 'k'], ['a']), node('Relu', ['a'], ['y'])],
    ],
    [
      'not a value that others read too',
      ['Conv', 'Line', 'Add'],
      [node('Relu', ['c'], ['r']), node('Add', ['r', 'c'], ['y'])],
    ],
  ])('%s', (_name, steps, nodes) => expectFused({ nodes: [conv, ...nodes], x: photo, stored }, steps));

  test('ReLU after a transposed convolution, in groups too, which keep it apart', async () => {
    const nodes = [node('ConvTranspose', ['x', 'k'], ['c']), node('Relu', ['c'], ['y'])];
    await expectFused({ nodes, x: photo, stored: [weights('k', [4, 3, 2, 2])] }, ['ConvTranspose line']);
    const groups = attributes({ group: 2 });
    nodes[0] = node('ConvTranspose', ['x', 'k'], ['c'], { attribute: groups });
    const grouped = modelOfCase({ nodes, x: photo, stored: [weights('k', [4, 3, 2, 2])] });
    expect(stepsOf(grouped)).toEqual(['ConvTranspose', 'Line']);
  });

  test.each<[string, string[], OnnxNode[]]>([
    ['the bias of rows of a matrix', ['MatMul bias'], [node('Add', ['b', 'p'], ['y'])]],
    ['one number for all columns', ['MatMul bias'], [node('Add', ['p', 'three'], ['y'])]],
    ['ReLU', ['MatMul line'], [node('Relu', ['p'], ['y'])]],
    [
      'a bias, then hard swish',
      ['MatMul bias gate'],
      [node('Add', ['p', 'b'], ['a']), node('HardSwish', ['a'], ['y'])],
    ],
    [
      'a factor, a bias, ReLU and a divisor',
      ['MatMul bias line'],
      [
        node('Mul', ['p', 'b'], ['m']),
        node('Add', ['m', 'b'], ['a']),
        node('Relu', ['a'], ['r']),
        node('Div', ['r', 'six'], ['y']),
      ],
    ],
    ['not a bias for each row', ['MatMul', 'Add'], [node('Add', ['p', 'c'], ['y'])]],
  ])('%s', (_name, steps, nodes) => {
    const stored = [weights('matrix', [8, 5]), weights('b', [5]), weights('c', [3, 1]), three, six];
    return expectFused({ nodes: [node('MatMul', ['x', 'matrix'], ['p']), ...nodes], x: rows, stored }, steps);
  });
});

/** Nodes as `simplify` leaves them, and the steps that remain of them; of these, products that end with a curve. */
const REAL: [ModelName, number, number, number][] = [
  ['detector', 197, 103, 46],
  ['reader', 222, 125, 32],
  ['direction', 125, 83, 42],
  ['wakeWord', 9, 9, 0],
];

test.each(REAL)('%s: %i nodes become %i steps, %i of which end with a curve', (name, nodes, steps, curves) => {
  const model = readModel(readModelFile(name), name);
  expect(simplify(model).graph.node.length).toBe(nodes);
  expect(stepsOf(model).length).toBe(steps);
  expect(stepsOf(model).filter((step) => / (line|gate)$/.test(step)).length).toBe(curves);
});

test('swish in two nodes', async () => {
  const nodes = [node('Sigmoid', ['x'], ['s']), node('Mul', ['x', 's'], ['y'])];
  await expectFused({ nodes, x: photo }, ['Swish']);
});

describe('layer normalization', () => {
  const mean = attributes({ axes: [-1] });
  const normal = [
    node('ReduceMean', ['x'], ['m'], { attribute: mean }),
    node('Sub', ['x', 'm'], ['d']),
    node('Pow', ['d', 'two'], ['q']),
    node('ReduceMean', ['q'], ['v'], { attribute: mean }),
    node('Add', ['v', 'e'], ['p']),
    node('Sqrt', ['p'], ['r']),
  ];
  const stored = [floats('two', [], [2]), floats('e', [], [1e-5]), weights('g', [8]), weights('b', [8])];

  test('in nine nodes', () => {
    const affine = [node('Div', ['d', 'r'], ['n']), node('Mul', ['n', 'g'], ['s']), node('Add', ['s', 'b'], ['y'])];
    return expectFused({ nodes: [...normal, ...affine], x: rows, stored }, ['LayerNormalization']);
  });

  // Over places whose number the model leaves free, so that its gain has one element.
  test('in seven nodes, without a gain', () =>
    expectFused({ nodes: [...normal, node('Div', ['d', 'r'], ['y'])], x: rows, stored }, ['LayerNormalization']));
});

test('an operator that the kernels do not have is named', async () => {
  const branch = { name: 'b', node: [node('Neg', ['x'], ['n'])], output: [value('n', ['B', 2])] };
  const choice = node('If', ['c'], ['y'], {
    attribute: [graphAttribute('then_branch', branch), graphAttribute('else_branch', branch)],
  });
  const nodes = [
    node('ReduceMax', ['x'], ['t'], { attribute: attributes({ keepdims: 0 }) }),
    node('Greater', ['t', 'z'], ['c']),
    choice,
  ];
  const opening = answer('kernels', { nodes, x: rows, stored: [floats('z', [], [0])] });
  await expect(opening).rejects.toMatchObject({
    code: 'unsupported-operator',
    message: expect.stringContaining('no If'),
  });
});

test('a file’s own nodes in the domain of the engine are refused', () => {
  const model = modelOfCase({ nodes: [node('Line', ['x'], ['y'])], x: rows });
  for (const one of model.graph.node) one.domain = 'limbeck.kernels';
  expect(() => toProgram(model)).toThrow(expect.objectContaining({ code: 'unsupported-operator' }));
});
