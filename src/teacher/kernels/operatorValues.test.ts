// Elementwise functions, products and sums on the kernels, compared with onnxruntime.
import { afterAll, describe } from 'vitest';
import { floats, node } from '../../onnx/cases/tinyCases.ts';
import { int64Tensor } from '../../onnx/tensorData.ts';
import {
  attributes,
  checkCases,
  closeSessions,
  image,
  type OperatorCase,
  op,
  photo,
  rows,
  weights,
} from './operatorCases.ts';

afterAll(closeSessions);

const each: [string, OperatorCase][] = [
  ...[
    'Relu',
    'Sigmoid',
    'Tanh',
    'Exp',
    'HardSwish',
    'Elu',
    'Selu',
    'Softplus',
    'Softsign',
    'Abs',
    'Neg',
    'Floor',
    'Ceil',
    'Sign',
    'Sin',
    'Cos',
    'Erf',
    'Identity',
    'Round',
    'Tan',
    'Atan',
    'Sinh',
    'Cosh',
    'Asinh',
    'Celu',
    'Shrink',
  ].map((name): [string, OperatorCase] => [name, { nodes: [op(name)], x: photo }]),
  ['LeakyRelu', { nodes: [op('LeakyRelu', [], { alpha: 0.2 })], x: photo }],
  ['Elu, scaled', { nodes: [op('Elu', [], { alpha: 0.3 })], x: photo }],
  ['Celu, scaled', { nodes: [op('Celu', [], { alpha: 0.3 })], x: photo }],
  ['Shrink, shifted', { nodes: [op('Shrink', [], { lambd: 0.3, bias: 0.2 })], x: photo }],
  ['Selu, scaled', { nodes: [op('Selu', [], { alpha: 0.3, 'gamma:': 2 })], x: photo }],
  ['HardSigmoid', { nodes: [op('HardSigmoid', [], { alpha: 0.3, beta: 0.4 })], x: photo }],
  ['PRelu', { nodes: [op('PRelu', ['w'])], x: photo, stored: [weights('w', [4, 1, 1])] }],
  [
    'Clip',
    { nodes: [op('Clip', ['low', 'high'])], x: photo, stored: [floats('low', [], [-0.5]), floats('high', [], [0.75])] },
  ],
  ...['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min'].map((name): [string, OperatorCase] => [
    name,
    { nodes: [op(name, ['w'])], x: photo, stored: [weights('w', [4, 1, 5])] },
  ]),
  ...[2, 3, 0.5].map((power): [string, OperatorCase] => [
    `Pow ${power}`,
    {
      nodes: [node('Abs', ['x'], ['a']), node('Pow', ['a', 'p'], ['y'])],
      x: photo,
      stored: [floats('p', [], [power])],
    },
  ]),
  [
    'Where',
    {
      nodes: [node('Greater', ['x', 'w'], ['c']), node('Where', ['c', 'x', 'w'], ['y'])],
      x: photo,
      stored: [weights('w', [5])],
    },
  ],
  [
    'Cast',
    {
      nodes: [
        node('Cast', ['x'], ['i'], { attribute: attributes({ to: 6 }) }),
        node('Cast', ['i'], ['y'], { attribute: attributes({ to: 1 }) }),
      ],
      x: photo,
    },
  ],
];

const summed: [string, OperatorCase][] = [
  ['MatMul', { nodes: [op('MatMul', ['w'])], x: rows, stored: [weights('w', [8, 5])] }],
  [
    'MatMul of two',
    {
      nodes: [
        node('Transpose', ['x'], ['t'], { attribute: attributes({ perm: [0, 2, 1] }) }),
        node('MatMul', ['x', 't'], ['y']),
      ],
      x: rows,
    },
  ],
  [
    'Gemm',
    {
      nodes: [op('Gemm', ['w', 'b'], { transB: 1 })],
      x: image([3, 4]),
      stored: [weights('w', [5, 4]), weights('b', [5])],
    },
  ],
  [
    'Gemm, scaled',
    {
      nodes: [op('Gemm', ['w', 'b'], { alpha: 0.5, beta: 1.5 })],
      x: image([3, 4]),
      stored: [weights('w', [4, 5]), weights('b', [1, 5])],
    },
  ],
  ['ReduceMean', { nodes: [op('ReduceMean', [], { axes: [2, 3], keepdims: 0 })], x: photo }],
  ['ReduceMean of channels', { nodes: [op('ReduceMean', [], { axes: [1] })], x: photo }],
  ['ReduceSum', { nodes: [op('ReduceSum', ['a'])], x: photo, stored: [int64Tensor('a', [1], [-1])] }],
  ['ReduceMax', { nodes: [op('ReduceMax', [], { axes: [1], keepdims: 0 })], x: photo }],
  ['ReduceL2', { nodes: [op('ReduceL2', [], { axes: [3] })], x: photo }],
  ['ReduceLogSumExp', { nodes: [op('ReduceLogSumExp', [], { axes: [1], keepdims: 0 })], x: photo }],
  ['CumSum', { nodes: [op('CumSum', ['a'], { reverse: 1 })], x: photo, stored: [int64Tensor('a', [], [1])] }],
  ['LpNormalization', { nodes: [op('LpNormalization', [], { axis: 1 })], x: photo }],
  ['Softmax', { nodes: [op('Softmax', [], { axis: 1 })], x: photo }],
  ['Softmax of old', { nodes: [op('Softmax', [], { axis: 2 })], x: photo, opset: 11n }],
  ['LogSoftmax', { nodes: [op('LogSoftmax', [], { axis: -1 })], x: rows }],
  [
    'LayerNormalization',
    { nodes: [op('LayerNormalization', ['g', 'b'])], x: rows, stored: [weights('g', [8]), weights('b', [8])] },
  ],
  [
    'BatchNormalization',
    {
      nodes: [op('BatchNormalization', ['g', 'b', 'm', 'v'])],
      x: photo,
      stored: [weights('g', [4]), weights('b', [4]), weights('m', [4]), floats('v', [4], [1, 2, 0.5, 0.1])],
    },
  ],
  [
    'InstanceNormalization',
    { nodes: [op('InstanceNormalization', ['g', 'b'])], x: photo, stored: [weights('g', [4]), weights('b', [4])] },
  ],
  ['LRN', { nodes: [op('LRN', [], { size: 3, alpha: 0.1 })], x: photo }],
];

describe('values', () => checkCases(each));
describe('sums', () => checkCases(summed));
