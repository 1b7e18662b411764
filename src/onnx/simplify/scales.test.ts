import { expect, test } from 'vitest';
import { runModel } from '../cases/ortCases.ts';
import { floats, modelOf, node, value } from '../cases/tinyCases.ts';
import { type OnnxAttribute, type OnnxModel, type OnnxNode, onnx, writeModel } from '../model.ts';
import { foldIntoWeights, simplify } from '../simplify.ts';
import { int64Tensor } from '../tensorData.ts';
import { floatAttribute, intAttribute, intsAttribute, textAttribute } from './nodes.ts';

const ramp = (dims: number[], phase: number) =>
  Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(1.1 * i + phase));
const stored = (name: string, dims: number[], phase = name.length) => floats(name, dims, ramp(dims, phase));
const positive = (name: string, dims: number[]) =>
  floats(
    name,
    dims,
    ramp(dims, 2).map((one) => 1.2 + one),
  );

const normalize = (input: string) =>
  node('BatchNormalization', [input, 'gain', 'offset', 'mean', 'variance'], ['y'], {
    attribute: [floatAttribute('epsilon', 0.01)],
  });
const statistics = (count: number) => [
  stored('gain', [count]),
  stored('offset', [count]),
  stored('mean', [count]),
  positive('variance', [count]),
];

interface Case {
  readonly input: number[];
  readonly output: (number | string)[];
  readonly stored: ReturnType<typeof floats>[];
  readonly nodes: OnnxNode[];
  readonly gives: string[];
}

const conv = (more: string[] = [], attribute: OnnxAttribute[] = []) =>
  node('Conv', ['x', 'w', ...more], ['h'], { attribute });
const image = { input: [2, 4, 6, 5], output: [2, 6, 'h', 'w'] };
const matrix = { input: [3, 4], output: [3, 6] };
const weights = stored('w', [6, 4, 3, 2]);

const CASES: Record<string, Case> = {
  'normalization after Conv': {
    ...image,
    stored: [weights, ...statistics(6)],
    nodes: [conv(), normalize('h')],
    gives: ['Conv'],
  },
  'normalization after Conv with a bias, in groups': {
    ...image,
    stored: [stored('w', [6, 2, 3, 2]), stored('b', [6]), ...statistics(6)],
    nodes: [conv(['b'], [intAttribute('group', 2)]), normalize('h')],
    gives: ['Conv'],
  },
  'normalization after ConvTranspose in groups': {
    ...image,
    stored: [stored('w', [4, 3, 3, 2]), stored('b', [6]), ...statistics(6)],
    nodes: [node('ConvTranspose', ['x', 'w', 'b'], ['h'], { attribute: [intAttribute('group', 2)] }), normalize('h')],
    gives: ['ConvTranspose'],
  },
  'normalization after Gemm with its factors': {
    ...matrix,
    stored: [stored('w', [6, 4]), stored('b', [1, 6]), ...statistics(6)],
    nodes: [
      node('Gemm', ['x', 'w', 'b'], ['h'], {
        attribute: [floatAttribute('alpha', 0.7), floatAttribute('beta', 1.3), intAttribute('transB', 1)],
      }),
      normalize('h'),
    ],
    gives: ['Gemm'],
  },
  'normalization after MatMul': {
    ...matrix,
    stored: [stored('w', [4, 6]), ...statistics(6)],
    nodes: [node('MatMul', ['x', 'w'], ['h']), normalize('h')],
    gives: ['Gemm'],
  },
  'a product and a sum, turned around': {
    ...image,
    stored: [weights, stored('s', [1, 6, 1, 1]), stored('t', [6, 1, 1])],
    nodes: [conv(), node('Mul', ['s', 'h'], ['m']), node('Add', ['m', 't'], ['y'])],
    gives: ['Conv'],
  },
  'a difference and a quotient': {
    ...image,
    stored: [weights, positive('s', [6, 1, 1]), stored('t', [1])],
    nodes: [conv(), node('Sub', ['t', 'h'], ['m']), node('Div', ['m', 's'], ['y'])],
    gives: ['Conv'],
  },
  'a bias after MatMul of two axes': {
    ...matrix,
    stored: [stored('w', [4, 6]), stored('t', [6])],
    nodes: [node('MatMul', ['x', 'w'], ['h']), node('Add', ['t', 'h'], ['y'])],
    gives: ['Gemm'],
  },
  'a bias after MatMul of three axes stays': {
    input: [2, 3, 4],
    output: [2, 3, 6],
    stored: [stored('w', [4, 6]), stored('t', [6])],
    nodes: [node('MatMul', ['x', 'w'], ['h']), node('Add', ['h', 't'], ['y'])],
    gives: ['MatMul', 'Add'],
  },
  'a scale and a shift after MatMul of three axes': {
    input: [2, 3, 4],
    output: [2, 3, 6],
    stored: [stored('w', [4, 6]), stored('s', [6]), stored('t', [1, 6])],
    nodes: [node('MatMul', ['x', 'w'], ['h']), node('Mul', ['h', 's'], ['m']), node('Add', ['m', 't'], ['y'])],
    gives: ['MatMul', 'Add'],
  },
  'a scale and a shift after MatMul of three axes and its bias': {
    input: [2, 3, 4],
    output: [2, 3, 6],
    stored: [stored('w', [4, 6]), stored('b', [6]), stored('s', [6]), stored('t', [1, 6])],
    nodes: [
      node('MatMul', ['x', 'w'], ['h']),
      node('Add', ['b', 'h'], ['a']),
      node('Mul', ['a', 's'], ['m']),
      node('Sub', ['t', 'm'], ['y']),
    ],
    gives: ['MatMul', 'Add'],
  },
  'a scale after MatMul whose product others read stays': {
    input: [2, 3, 4],
    output: [2, 3, 6],
    stored: [stored('w', [4, 6]), stored('b', [6]), stored('s', [6])],
    nodes: [
      node('MatMul', ['x', 'w'], ['h']),
      node('Add', ['b', 'h'], ['a']),
      node('Mul', ['a', 's'], ['m']),
      node('Add', ['h', 'm'], ['y']),
    ],
    gives: ['MatMul', 'Add', 'Mul', 'Add'],
  },
  'a scale along another axis stays': {
    ...image,
    stored: [weights, stored('s', [4, 1])],
    nodes: [conv(), node('Mul', ['h', 's'], ['y'])],
    gives: ['Conv', 'Mul'],
  },
  'a result that is read twice keeps its weights': {
    ...image,
    stored: [weights, ...statistics(6)],
    nodes: [
      conv(),
      node('BatchNormalization', ['h', 'gain', 'offset', 'mean', 'variance'], ['n']),
      node('Add', ['n', 'h'], ['y']),
    ],
    gives: ['Conv', 'BatchNormalization', 'Add'],
  },
  'weights that two read': {
    ...image,
    stored: [weights, ...statistics(6)],
    nodes: [
      conv(),
      node('BatchNormalization', ['h', 'gain', 'offset', 'mean', 'variance'], ['n']),
      node('Conv', ['x', 'w'], ['other']),
      node('Add', ['n', 'other'], ['y']),
    ],
    gives: ['Conv', 'Conv', 'Add'],
  },
  'zeros around': {
    ...image,
    stored: [weights, int64Tensor('pads', [8], [0, 0, 1, 2, 0, 0, 3, 0])],
    nodes: [
      node('Pad', ['x', 'pads'], ['p']),
      node('Conv', ['p', 'w'], ['y'], { attribute: [intsAttribute('pads', [1, 0, 0, 1])] }),
    ],
    gives: ['Conv'],
  },
  'ones around stay': {
    ...image,
    stored: [weights, int64Tensor('pads', [8], [0, 0, 1, 2, 0, 0, 3, 0]), floats('one', [], [1])],
    nodes: [node('Pad', ['x', 'pads', 'one'], ['p']), node('Conv', ['p', 'w'], ['y'])],
    gives: ['Pad', 'Conv'],
  },
  'zeros around channels stay': {
    ...image,
    stored: [stored('w', [6, 5, 3, 2]), int64Tensor('pads', [8], [0, 1, 0, 0, 0, 0, 0, 0])],
    nodes: [node('Pad', ['x', 'pads'], ['p']), node('Conv', ['p', 'w'], ['y'])],
    gives: ['Pad', 'Conv'],
  },
  'a mirror around stays': {
    ...image,
    stored: [weights, int64Tensor('pads', [8], [0, 0, 1, 2, 0, 0, 3, 0])],
    nodes: [
      node('Pad', ['x', 'pads'], ['p'], { attribute: [textAttribute('mode', 'reflect')] }),
      node('Conv', ['p', 'w'], ['y']),
    ],
    gives: ['Pad', 'Conv'],
  },
};

function modelFor({ input, output, stored: initializer, nodes }: Case): OnnxModel {
  return modelOf({ input: [value('x', input)], output: [value('y', output)], initializer, node: nodes });
}

test.each(Object.entries(CASES))('%s', async (_, one) => {
  const model = modelFor(one);
  const simplified = simplify(model);
  expect(simplified.graph.node.map(({ opType }) => opType)).toEqual(one.gives);
  const feeds = { x: [Float32Array.from(ramp(one.input, 0.3)), one.input] } as const;
  const [wanted, given] = [await runModel(writeModel(model), feeds), await runModel(writeModel(simplified), feeds)];
  const [want, got] = [wanted['y']?.data as Float32Array, given['y']?.data as Float32Array];
  expect(got.length).toBe(want.length);
  const top = want.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  for (const [i, value] of want.entries()) expect(Math.abs(value - (got[i] as number)) / top).toBeLessThan(2e-6);
});

test('folded weights keep their names, and no weights are stored that nothing reads', () => {
  const { initializer, node: nodes } = simplify(
    modelFor(CASES['normalization after Conv with a bias, in groups'] as Case),
  ).graph;
  expect(initializer.map(({ name }) => name)).toEqual(['w', 'b']);
  expect(nodes[0]?.input).toEqual(['x', 'w', 'b']);
});

test('weights that are the bias too are left as they are', () => {
  const square = {
    input: [1, 6],
    output: [1, 6],
    stored: [stored('w', [1, 6]), stored('v', [6, 6]), stored('s', [6])],
  };
  const nodes = [node('Gemm', ['w', 'v', 'w'], ['h']), node('Mul', ['h', 's'], ['m']), node('Add', ['x', 'm'], ['y'])];
  const { initializer } = simplify(modelFor({ ...square, nodes, gives: [] })).graph;
  expect(initializer.find(({ name }) => name === 'w')).toEqual(square.stored[0]);
});

test('weights that a Constant gives become stored ones', async () => {
  const { input, output, stored: initializer, nodes } = CASES['normalization after Conv'] as Case;
  const attribute = [onnx.attribute({ name: 'value', type: 4, t: weights })];
  const model = modelOf({
    input: [value('x', input)],
    output: [value('y', output)],
    initializer: initializer.filter(({ name }) => name !== 'w'),
    node: [node('Constant', [], ['w'], { attribute }), ...nodes],
  });
  const folded = foldIntoWeights(model);
  expect(folded.graph.node.map(({ opType }) => opType)).toEqual(['Conv']);
  const feeds = { x: [Float32Array.from(ramp(input, 0.3)), input] } as const;
  const [wanted, given] = [await runModel(writeModel(model), feeds), await runModel(writeModel(folded), feeds)];
  const [want, got] = [wanted['y']?.data as Float32Array, given['y']?.data as Float32Array];
  for (const [i, one] of want.entries()) expect(got[i]).toBeCloseTo(one, 5);
});

test('normalizations stay where they are wanted', () => {
  const model = modelFor(CASES['normalization after Conv'] as Case);
  expect(simplify(model, { foldBatchNorm: false }).graph.node.length).toBe(2);
});
