// Recurrent layers on the kernels, compared with onnxruntime.
import { afterAll, describe, expect, test } from 'vitest';
import { node } from '../../onnx/cases/tinyCases.ts';
import { int64Tensor } from '../../onnx/tensorData.ts';
import {
  answer,
  attributes,
  checkCases,
  closeSessions,
  image,
  type OperatorCase,
  op,
  weights,
} from './operatorCases.ts';

afterAll(closeSessions);

/** Seven steps of three sequences of four features. */
const steps = image([7, 3, 4]);
const UNITS = 5;

function weightsFor(gates: number, directions: number) {
  const width = gates * UNITS;
  return [
    weights('w', [directions, width, 4]),
    weights('r', [directions, width, UNITS]),
    weights('b', [directions, 2 * width]),
    weights('h', [directions, 3, UNITS]),
    weights('c', [directions, 3, UNITS]),
  ];
}

type Given = Parameters<typeof attributes>[0];

function layer(type: 'LSTM' | 'GRU', inputs: string[], given: Given = {}, outputs = ['y']): OperatorCase {
  const directions = given['direction'] === 'bidirectional' ? 2 : 1;
  const attribute = attributes({ hidden_size: UNITS, ...given });
  const stored = weightsFor(type === 'LSTM' ? 4 : 3, directions);
  return { nodes: [node(type, ['x', 'w', 'r', ...inputs], outputs, { attribute })], x: steps, stored };
}

const cases: [string, OperatorCase][] = [
  ['LSTM', layer('LSTM', ['b'])],
  ['LSTM without a bias', layer('LSTM', [])],
  ['LSTM, backwards', layer('LSTM', ['b'], { direction: 'reverse' })],
  ['LSTM, both ways, from a state', layer('LSTM', ['b', '', 'h', 'c'], { direction: 'bidirectional' })],
  ['the last output of an LSTM', layer('LSTM', ['b'], { direction: 'bidirectional' }, ['', 'y'])],
  ['the last cell of an LSTM', layer('LSTM', ['b', '', 'h', 'c'], { direction: 'reverse' }, ['', '', 'y'])],
  ['GRU', layer('GRU', ['b'])],
  ['GRU, reset after the product', layer('GRU', ['b'], { linear_before_reset: 1 })],
  [
    'GRU, both ways, from a state',
    layer('GRU', ['b', '', 'h'], { direction: 'bidirectional', linear_before_reset: 1 }),
  ],
  ['the last output of a GRU', layer('GRU', [], { direction: 'reverse' }, ['', 'y'])],
  [
    'an LSTM among transpositions, as PyTorch exports batch_first',
    {
      nodes: [
        node('Transpose', ['x'], ['t'], { attribute: attributes({ perm: [1, 0, 2] }) }),
        node('LSTM', ['t', 'w', 'r', 'b'], ['a'], {
          attribute: attributes({ hidden_size: UNITS, direction: 'bidirectional' }),
        }),
        node('Transpose', ['a'], ['s'], { attribute: attributes({ perm: [0, 2, 1, 3] }) }),
        node('Reshape', ['s', 'shape'], ['f']),
        node('Transpose', ['f'], ['y'], { attribute: attributes({ perm: [1, 0, 2] }) }),
      ],
      x: image([3, 7, 4]),
      stored: [...weightsFor(4, 2), int64Tensor('shape', [3], [0, 0, -1])],
    },
  ],
];

describe('recurrent layers', () => checkCases(cases));

describe('what the kernels would compute differently is refused', () => {
  test.each<[string, OperatorCase, string]>([
    ['peepholes', layer('LSTM', ['b', '', 'h', 'c', 'p']), 'it has peepholes'],
    ['a clip', layer('GRU', ['b'], { 'clip:': 1 }), 'it is clipped'],
    [
      'no recurrent layer without gates',
      { nodes: [op('RNN', ['w', 'r'], { hidden_size: UNITS })], x: steps },
      'no RNN',
    ],
  ])('%s', async (_name, one, why) => {
    const stored = [weights('p', [1, 3 * UNITS]), ...(one.stored ?? weightsFor(1, 1))];
    await expect(answer('kernels', { ...one, stored })).rejects.toThrow(why);
  });

  test('lengths of their own', async () => {
    const one = layer('GRU', ['b', 'n']);
    const lengths = node('Cast', ['l'], ['n'], { attribute: attributes({ to: 6 }) });
    const stored = [...(one.stored ?? []), int64Tensor('l', [3], [7, 3, 5])];
    await expect(answer('kernels', { ...one, nodes: [lengths, ...one.nodes], stored })).rejects.toThrow(
      'lengths of their own',
    );
  });
});
