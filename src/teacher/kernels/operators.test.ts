// Windows and layouts on the kernels, compared with onnxruntime.
import { afterAll, describe, expect, test } from 'vitest';
import { floats, node } from '../../onnx/cases/tinyCases.ts';
import { int64Tensor } from '../../onnx/tensorData.ts';
import {
  answer,
  attributes,
  checkCases,
  closeSessions,
  filter,
  image,
  type OperatorCase,
  op,
  photo,
  rows,
  weights,
} from './operatorCases.ts';

afterAll(closeSessions);

const windows: [string, OperatorCase][] = [
  [
    'padded, with bias',
    { nodes: [op('Conv', ['w', 'b'], { pads: [1, 0, 2, 1] })], x: photo, stored: [filter, weights('b', [8])] },
  ],
  ['with strides', { nodes: [op('Conv', ['w'], { strides: [2, 1] })], x: photo, stored: [filter] }],
  ['dilated', { nodes: [op('Conv', ['w'], { dilations: [2, 2], pads: [2, 2, 2, 2] })], x: photo, stored: [filter] }],
  [
    'padded to the same size',
    { nodes: [op('Conv', ['w'], { auto_pad: 'SAME_UPPER', strides: [2, 2] })], x: photo, stored: [filter] },
  ],
  ['in groups', { nodes: [op('Conv', ['w'], { group: 2 })], x: photo, stored: [weights('w', [6, 2, 3, 3])] }],
  [
    'of each channel',
    { nodes: [op('Conv', ['w'], { group: 4, pads: [2, 2, 2, 2] })], x: photo, stored: [weights('w', [4, 1, 5, 5])] },
  ],
  ['of rows', { nodes: [op('Conv', ['w'], { pads: [1, 1] })], x: rows, stored: [weights('w', [5, 3, 3])] }],
  [
    'transposed',
    {
      nodes: [op('ConvTranspose', ['w', 'b'], { strides: [2, 2] })],
      x: photo,
      stored: [weights('w', [4, 3, 2, 2]), weights('b', [3])],
    },
  ],
  [
    'transposed, padded, larger',
    {
      nodes: [op('ConvTranspose', ['w'], { strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 1] })],
      x: photo,
      stored: [weights('w', [4, 3, 3, 3])],
    },
  ],
  ['maximum', { nodes: [op('MaxPool', [], { kernel_shape: [3, 2], strides: [2, 1], pads: [1, 0, 1, 1] })], x: photo }],
  [
    'maximum, rounded up',
    { nodes: [op('MaxPool', [], { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 })], x: photo },
  ],
  ['average', { nodes: [op('AveragePool', [], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] })], x: photo }],
  [
    'average with its padding',
    { nodes: [op('AveragePool', [], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 1 })], x: photo },
  ],
  ['average of all', { nodes: [op('GlobalAveragePool')], x: photo }],
  ['maximum of all', { nodes: [op('GlobalMaxPool')], x: photo }],
];

const arranged: [string, OperatorCase][] = [
  ['Reshape', { nodes: [op('Reshape', ['s'])], x: photo, stored: [int64Tensor('s', [3], [0, -1, 15])] }],
  ['Flatten', { nodes: [op('Flatten')], x: photo }],
  ['Transpose', { nodes: [op('Transpose', [], { perm: [0, 2, 3, 1] })], x: photo }],
  ['Unsqueeze', { nodes: [op('Unsqueeze', ['a'])], x: rows, stored: [int64Tensor('a', [2], [0, 2])] }],
  ['Expand', { nodes: [op('Expand', ['s'])], x: image([2, 1, 3]), stored: [int64Tensor('s', [4], [2, 1, 4, 1])] }],
  ['Tile', { nodes: [op('Tile', ['s'])], x: rows, stored: [int64Tensor('s', [3], [1, 2, 3])] }],
  ['Concat', { nodes: [op('Concat', ['x', 'w'], { axis: 2 })], x: rows, stored: [weights('w', [2, 3, 1])] }],
  [
    'Slice',
    {
      nodes: [op('Slice', ['s', 'e', 'a', 't'])],
      x: photo,
      stored: [
        int64Tensor('s', [3], [1, -1, 0]),
        int64Tensor('e', [3], [4, -9, 9]),
        int64Tensor('a', [3], [1, 2, 3]),
        int64Tensor('t', [3], [2, -2, 1]),
      ],
    },
  ],
  [
    'Split',
    {
      nodes: [
        node('Split', ['x', 's'], ['p', 'q'], { attribute: attributes({ axis: 2 }) }),
        node('Concat', ['q', 'p'], ['y'], { attribute: attributes({ axis: 2 }) }),
      ],
      x: photo,
      stored: [int64Tensor('s', [2], [2, 4])],
    },
  ],
  [
    'Gather',
    { nodes: [op('Gather', ['i'], { axis: 2 })], x: photo, stored: [int64Tensor('i', [2, 2], [0, -1, 3, 1])] },
  ],
  ['Gather a run', { nodes: [op('Gather', ['i'], { axis: 1 })], x: photo, stored: [int64Tensor('i', [], [2])] }],
  [
    'Pad',
    {
      nodes: [op('Pad', ['p', 'f'])],
      x: photo,
      stored: [int64Tensor('p', [8], [0, 1, 2, 0, 0, 0, 1, 3]), floats('f', [], [0.5])],
    },
  ],
  [
    'Pad by reflection',
    {
      nodes: [op('Pad', ['p'], { mode: 'reflect' })],
      x: photo,
      stored: [int64Tensor('p', [8], [0, 0, 2, 1, 0, 0, 1, 2])],
    },
  ],
  ['DepthToSpace', { nodes: [op('DepthToSpace', [], { blocksize: 2 })], x: photo }],
  ['DepthToSpace by columns', { nodes: [op('DepthToSpace', [], { blocksize: 2, mode: 'CRD' })], x: photo }],
  [
    'Resize, nearest',
    {
      nodes: [
        op('Resize', ['', 's'], {
          mode: 'nearest',
          coordinate_transformation_mode: 'asymmetric',
          nearest_mode: 'floor',
        }),
      ],
      x: photo,
      stored: [floats('s', [4], [1, 1, 2, 3])],
    },
  ],
  [
    'Resize, nearest, by a fractional factor',
    {
      nodes: [op('Resize', ['', 's'], { nearest_mode: 'ceil' })],
      x: photo,
      stored: [floats('s', [4], [1, 1, 1.5, 0.7])],
    },
  ],
  [
    'Resize, linear',
    {
      nodes: [op('Resize', ['', '', 'z'], { mode: 'linear' })],
      x: photo,
      stored: [int64Tensor('z', [4], [2, 4, 9, 12])],
    },
  ],
  [
    'Resize, linear, by corners',
    {
      nodes: [op('Resize', ['', '', 'z'], { mode: 'linear', coordinate_transformation_mode: 'align_corners' })],
      x: photo,
      stored: [int64Tensor('z', [4], [2, 4, 9, 12])],
    },
  ],
  [
    'a shape from the input',
    {
      nodes: [
        node('Shape', ['x'], ['s']),
        node('Gather', ['s', 'zero'], ['n']),
        node('Concat', ['n', 'rest'], ['t'], { attribute: attributes({ axis: 0 }) }),
        node('Reshape', ['x', 't'], ['y']),
      ],
      x: photo,
      stored: [int64Tensor('zero', [1], [0]), int64Tensor('rest', [1], [-1])],
    },
  ],
];

const places: [string, OperatorCase][] = [
  [
    'a border of the edge',
    {
      nodes: [op('Pad', ['p'], { mode: 'edge' })],
      x: photo,
      stored: [int64Tensor('p', [8], [0, 0, 1, 2, 0, 0, 0, 1])],
    },
  ],
  ['blocks as channels', { nodes: [op('SpaceToDepth', [], { blocksize: 2 })], x: image([2, 3, 4, 6]) }],
  [
    'rows that the data names, some from the end',
    {
      nodes: [node('Cast', ['x'], ['i'], { attribute: attributes({ to: 7 }) }), node('Gather', ['w', 'i'], ['y'])],
      x: { data: Float32Array.from([0, -1, 3, -4]), shape: [2, 2] },
      stored: [weights('w', [4, 3])],
    },
  ],
  [
    'a border of old versions',
    { nodes: [op('Pad', [], { pads: [0, 0, 1, 2, 0, 0, 0, 1], value: 0.5 })], x: photo, opset: 9n },
  ],
];

describe('places', () => checkCases(places));
describe('what the kernels would compute differently is refused', () => {
  test.each<[string, OperatorCase, string]>([
    [
      'a last window after the image',
      { nodes: [op('MaxPool', [], { kernel_shape: [1, 1], strides: [2, 2], ceil_mode: 1 })], x: image([1, 1, 2, 2]) },
      'begins behind the image',
    ],
    ['the last of equals', { nodes: [op('ArgMax', [], { select_last_index: 1 })], x: photo }, 'the last of equals'],
    [
      'as many as the data says',
      {
        nodes: [node('Cast', ['x'], ['k'], { attribute: attributes({ to: 7 }) }), node('TopK', ['w', 'k'], ['y', 'i'])],
        x: { data: Float32Array.from([2]), shape: [1] },
        stored: [weights('w', [4])],
      },
      'depend on the data',
    ],
  ])('%s', async (_name, one, why) => {
    await expect(answer('kernels', one)).rejects.toThrow(why);
  });
});
describe('windows', () => checkCases(windows));
describe('arrangements', () => checkCases(arranged));
