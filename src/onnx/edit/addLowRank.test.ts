import { describe, expect, test } from 'vitest';
import { toHalves } from '../../core/halves.ts';
import { readModelFile, runModel } from '../cases/ortCases.ts';
import { floats, modelOf, node, value } from '../cases/tinyCases.ts';
import { listWeights } from '../describe/listWeights.ts';
import { type OnnxAttribute, type OnnxModel, onnx, readModel, writeModel } from '../model.ts';
import { storedData } from '../tensorData.ts';
import { addLowRank, type LowRankDelta } from './addLowRank.ts';

const flag = (name: string) => onnx.attribute({ name, type: 2, i: 1n });
const constant = (name: string, t: OnnxAttribute['t']) =>
  node('Constant', [], [name], { attribute: [onnx.attribute({ name: 'value', type: 4, t })] });
const wave = (count: number, seed: number) => Array.from({ length: count }, (_, i) => Math.sin(1.1 * i + seed));

/** x [B, 3] → y [B, 2] by a layer whose weights are stored in some way. */
function layer(fields: object): OnnxModel {
  return modelOf({ input: [value('x', ['B', 3])], output: [value('y', ['B', 2])], ...fields });
}

const plain = wave(6, 1);
const turned = [0, 2, 4, 1, 3, 5].map((i) => plain[i] as number);

const LAYERS: readonly [string, OnnxModel, string][] = [
  ['MatMul', layer({ initializer: [floats('w', [3, 2], plain)], node: [node('MatMul', ['x', 'w'], ['y'])] }), 'w'],
  ['Gemm', layer({ initializer: [floats('w', [3, 2], plain)], node: [node('Gemm', ['x', 'w'], ['y'])] }), 'w'],
  [
    'Gemm with transB, by the name of its node',
    layer({
      initializer: [floats('w', [2, 3], turned)],
      node: [node('Gemm', ['x', 'w'], ['y'], { name: 'last', attribute: [flag('transB')] })],
    }),
    'last',
  ],
  [
    'a Constant through Identity',
    layer({
      node: [
        constant('c', floats('', [3, 2], plain)),
        node('Identity', ['c'], ['i']),
        node('MatMul', ['x', 'i'], ['y']),
      ],
    }),
    'c',
  ],
  [
    'a matrix through Transpose',
    layer({
      initializer: [floats('w', [2, 3], turned)],
      node: [node('Transpose', ['w'], ['t']), node('MatMul', ['x', 't'], ['y'])],
    }),
    'w',
  ],
  [
    'a matrix on the left, with the data turned',
    layer({
      initializer: [floats('w', [2, 3], turned)],
      node: [node('Transpose', ['x'], ['xt']), node('MatMul', ['w', 'xt'], ['yt']), node('Transpose', ['yt'], ['y'])],
    }),
    'w',
  ],
  [
    'halves',
    layer({
      initializer: [storedData('w', 'float16', [3, 2], toHalves(plain))],
      node: [
        node('Cast', ['x'], ['xh'], { attribute: [onnx.attribute({ name: 'to', type: 2, i: 10n })] }),
        node('MatMul', ['xh', 'w'], ['yh']),
        node('Cast', ['yh'], ['y'], { attribute: [flag('to')] }),
      ],
    }),
    'w',
  ],
];

const left = wave(6, 2);
const right = wave(4, 3);
const x = [Float32Array.from(wave(6, 4)), [2, 3]] as const;

/** x · (w + ½ left · right) */
function expected(): number[] {
  return [0, 1].flatMap((b) =>
    [0, 1].map((c) =>
      [0, 1, 2].reduce((sum, r) => {
        const delta = [0, 1].reduce((all, k) => all + (left[r * 2 + k] as number) * (right[k * 2 + c] as number), 0);
        return sum + (x[0][b * 3 + r] as number) * ((plain[r * 2 + c] as number) + delta / 2);
      }, 0),
    ),
  );
}

describe('onnxruntime gives x · (w + left · right)', () => {
  test.each(LAYERS)('for %s', async (name, model, weight) => {
    const delta: LowRankDelta = { weight, left, right, rank: 2, scale: 0.5, orientation: 'inputs-outputs' };
    const { y } = await runModel(addLowRank(writeModel(model), [delta]), { x });
    const values = Array.from(y?.data as Float32Array);
    for (const [i, one] of expected().entries()) expect(values[i]).toBeCloseTo(one, name === 'halves' ? 2 : 5);
  });

  test('for a convolution, whose weights are the matrix [M, C / group · kernel] as it is stored', async () => {
    const kernels = wave(16, 1);
    const conv = (weights: number[]) =>
      modelOf({
        input: [value('x', [1, 4, 3, 3])],
        output: [value('y', [1, 2, 2, 2])],
        initializer: [floats('k', [2, 2, 2, 2], weights)],
        node: [node('Conv', ['x', 'k'], ['y'], { attribute: [onnx.attribute({ name: 'group', type: 2, i: 2n })] })],
      });
    const [column, row] = [[2, -1], wave(8, 5)];
    const summed = kernels.map((one, i) => one + (column[i >> 3] as number) * (row[i % 8] as number));
    const image = { x: [Float32Array.from(wave(36, 6)), [1, 4, 3, 3]] } as const;
    const given = addLowRank(writeModel(conv(kernels)), [{ weight: 'k', left: column, right: row, rank: 1 }]);
    const values = Array.from((await runModel(given, image))['y']?.data as Float32Array);
    const wanted = Array.from((await runModel(writeModel(conv(summed)), image))['y']?.data as Float32Array);
    for (const [i, one] of wanted.entries()) expect(values[i]).toBeCloseTo(one, 5);
    expect(listWeights(conv(kernels))).toMatchObject([{ operator: 'Conv', rows: 2, columns: 8, outputsFirst: true }]);
  });
});

test('a weight that two nodes read is listed for both, and changes for both', async () => {
  const model = modelOf({
    initializer: [floats('w', [2, 2], [1, 0, 0, 1])],
    node: [node('MatMul', ['x', 'w'], ['h']), node('MatMul', ['h', 'w'], ['y'])],
  });
  expect(listWeights(model).map((one) => [one.node, one.readers])).toEqual([
    ['h', 2],
    ['y', 2],
  ]);
  const changed = addLowRank(writeModel(model), [{ weight: 'w', left: [1, 1], right: [1, 1], rank: 1 }]);
  const { y } = await runModel(changed, { x: [Float32Array.of(1, 2), [1, 2]] });
  // [[2, 1], [1, 2]] twice.
  expect(Array.from(y?.data as Float32Array)).toEqual([13, 14]);
});

test('the weights of a real model are found, and nothing else of it changes', () => {
  const bytes = readModelFile('reader');
  const weights = listWeights(readModel(bytes));
  expect(weights.at(-1)).toMatchObject({ operator: 'MatMul', shape: [120, 6625], outputsFirst: false });
  expect(weights.filter(({ operator }) => operator === 'Conv').length).toBeGreaterThan(30);
  const name = weights.at(-1)?.weight as string;
  const zero = { weight: name, left: new Float32Array(120), right: new Float32Array(6625), rank: 1 };
  const same = addLowRank(bytes, [zero]);
  const dataIn = (file: Uint8Array) => readModel(file).graph.initializer.find((one) => one.name === name)?.rawData;
  expect(dataIn(same)).toEqual(dataIn(bytes));
});

describe('what is wrong is told by code', () => {
  const model = modelOf({
    initializer: [floats('w', [2, 2], [1, 2, 3, 4]), storedData('whole', 'int32', [2, 2], new Int32Array(4))],
    node: [
      node('MatMul', ['x', 'w'], ['y']),
      node('Cast', ['x'], ['xi'], { attribute: [onnx.attribute({ name: 'to', type: 2, i: 6n })] }),
      node('MatMul', ['xi', 'whole'], ['z']),
    ],
  });
  const good: LowRankDelta = { weight: 'w', left: [1, 1], right: [1, 1], rank: 1 };
  test.each<[string, Partial<LowRankDelta>, string]>([
    ['a weight that there is not', { weight: 'v' }, 'unknown-tensor'],
    ['another length', { left: [1, 1, 1] }, 'shape-mismatch'],
    ['no rank', { rank: 0, left: [], right: [] }, 'shape-mismatch'],
    ['whole numbers', { weight: 'whole' }, 'unsupported-operator'],
    ['sums that are not finite', { left: [Number.POSITIVE_INFINITY, 1] }, 'not-finite'],
    ['an unknown orientation', { orientation: 'up' as never }, 'invalid-option'],
    ['an option that nothing reads', { alpha: 1 } as never, 'invalid-option'],
  ])('%s', (_, changed, code) => {
    expect(() => addLowRank(writeModel(model), [{ ...good, ...changed }])).toThrow(expect.objectContaining({ code }));
  });
});
