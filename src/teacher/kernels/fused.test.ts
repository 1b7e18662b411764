// Nodes that become one step, on the kernels beside onnxruntime.
import { afterAll, describe, expect, test } from 'vitest';
import { floats, graphAttribute, node, value } from '../../onnx/cases/tinyCases.ts';
import { type OnnxNode, readModel, writeModel } from '../../onnx/model.ts';
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

/** The steps of a case by name, each with the activation at its end: as it is opened, and without `simplify` before it. */
function stepsOf(one: OperatorCase): { opened: string[]; alone: string[] } {
  const model = readModel(writeModel(modelOfCase(one)));
  const names = (of: typeof model) =>
    toProgram(of).steps.map(({ op, epilogue }) => [op, ...(epilogue ? [epilogue.activation] : [])].join(' '));
  return { opened: names(simplify(model)), alone: names(model) };
}

/** One answer as onnxruntime gives it, by these steps. `alone`: those without `simplify`, which names what ONNX knows. */
async function expectFused(one: OperatorCase, opened: readonly string[], alone = opened): Promise<void> {
  expect(stepsOf(one)).toEqual({ opened, alone });
  await expectSame(one);
}

describe('what follows a convolution becomes a part of it', () => {
  const conv = node('Conv', ['x', 'w'], ['c']);
  const three = floats('three', [], [3]);
  const six = floats('six', [], [6]);
  const zero = floats('zero', [], [0]);
  const stored = [filter, three, six, zero, weights('k', [8, 1, 1])];

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
      ['Conv line'],
      [node('Mul', ['c', 'k'], ['m']), node('Add', ['m', 'k'], ['a']), node('Relu', ['a'], ['y'])],
    ],
    [
      'not a value that others read too',
      ['Conv linear', 'Line', 'Add'],
      [node('Relu', ['c'], ['r']), node('Add', ['r', 'c'], ['y'])],
    ],
  ])('%s', (_name, steps, nodes) => expectFused({ nodes: [conv, ...nodes], x: photo, stored }, steps));
});

test('swish in two nodes', async () => {
  const nodes = [node('Sigmoid', ['x'], ['s']), node('Mul', ['x', 's'], ['y'])];
  await expectFused({ nodes, x: photo }, ['Swish'], ['Sigmoid', 'Mul']);
});

test('layer normalization in nine nodes', async () => {
  const mean = attributes({ axes: [-1] });
  const nodes = [
    node('ReduceMean', ['x'], ['m'], { attribute: mean }),
    node('Sub', ['x', 'm'], ['d']),
    node('Pow', ['d', 'two'], ['q']),
    node('ReduceMean', ['q'], ['v'], { attribute: mean }),
    node('Add', ['v', 'e'], ['p']),
    node('Sqrt', ['p'], ['r']),
    node('Div', ['d', 'r'], ['n']),
    node('Mul', ['n', 'g'], ['s']),
    node('Add', ['s', 'b'], ['y']),
  ];
  const stored = [floats('two', [], [2]), floats('e', [], [1e-5]), weights('g', [8]), weights('b', [8])];
  const alone = nodes.map(({ opType }) => opType);
  await expectFused({ nodes, x: rows, stored }, ['LayerNormalization'], alone);
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
