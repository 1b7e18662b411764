import { describe, expect, test } from 'vitest';
import { fromArrays } from '../data/arrays.ts';
import { type Feeds, runModel } from '../onnx/cases/ortCases.ts';
import { floats, modelOf, node, tinyBranches, value } from '../onnx/cases/tinyCases.ts';
import { type OnnxModel, type OnnxNode, onnx, writeModel } from '../onnx/model.ts';
import { goldenBytes, goldenData, HERE, lookInto, worstShare } from './quantize/quantizeCases.ts';
import { quantize } from './quantize.ts';
import type { QuantizeOptions } from './quantizeOptions.ts';

const wave = (count: number, seed = 0) => Float32Array.from({ length: count }, (_, i) => Math.sin(1.7 * i + seed));
const int = (name: string, i: number) => onnx.attribute({ name, type: 2, i: BigInt(i) });
const float = (name: string, f: number) => onnx.attribute({ name, type: 1, f });

async function outputsOf(bytes: Uint8Array, feeds: Feeds): Promise<Record<string, Float32Array>> {
  const outputs = await runModel(bytes, feeds);
  return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data as Float32Array]));
}

/** Both models on the same numbers: the largest difference as a share of the largest value. */
async function lossOf(before: Uint8Array, after: Uint8Array, feeds: Feeds): Promise<number> {
  const [expected, given] = [await outputsOf(before, feeds), await outputsOf(after, feeds)];
  return Math.max(
    ...Object.keys(expected).map((name) => worstShare(given[name] ?? [], expected[name] as Float32Array)),
  );
}

const forms: [string, QuantizeOptions, number, number][] = [
  ['dynamic-int8', { to: 'dynamic-int8' }, 0.03, 0.5],
  ['dynamic-int8, a scale a weight', { to: 'dynamic-int8', perChannel: false }, 0.06, 0.5],
  ['static-int8', { to: 'static-int8' }, 0.04, 1.4],
  ['static-int8, a scale a weight', { to: 'static-int8', perChannel: false }, 0.08, 1.4],
  ['static-int8 by entropy', { to: 'static-int8', method: 'entropy' }, 0.3, 1.4],
  ['static-int8 by percentile', { to: 'static-int8', method: 'percentile' }, 0.1, 1.4],
  ['float16', { to: 'float16' }, 1e-3, 0.7],
  ['float16 graph', { to: 'float16', float16: 'graph' }, 3e-3, 0.7],
  ['int4', { to: 'int4' }, 0.2, 1],
  ['int4 in small blocks', { to: 'int4', blockSize: 16 }, 0.2, 1],
];

describe.each(forms)('%s', (_, options, most, share) => {
  test.each(['image', 'products'] as const)('equals the model "%s", and is smaller', async (name) => {
    const bytes = goldenBytes(name);
    const calibration = options.to === 'static-int8' ? goldenData(name) : undefined;
    const all = { ...options, ...(calibration && { calibration }), ...HERE };
    const { bytes: quantized, report } = await quantize(bytes, all).done;
    const inputs = (await goldenData(name).read(Int32Array.of(0, 5, 17))).inputs['input'];
    const feeds: Feeds = { x: [inputs?.data as Float32Array, inputs?.shape ?? []] };
    const loss = await lossOf(bytes, quantized, feeds);
    expect(loss).toBeLessThan(most);
    expect(loss).toBeGreaterThan(0);
    expect(report).toMatchObject({ to: options.to, bytesBefore: bytes.length, bytesAfter: quantized.length });
    expect(report.quantized).toBeGreaterThan(0);
    // The models are of a few kilobytes, of which names and nodes are a good part.
    expect(quantized.length).toBeLessThan(share * bytes.length);
    expect(Buffer.compare((await quantize(bytes, all).done).bytes, quantized)).toBe(0);
  });
});

test('static: no node is between a convolution and its Relu or Clip, and the residual is 8-bit', async () => {
  const options = { to: 'static-int8', calibration: goldenData('image'), ...HERE } as const;
  const { graph } = lookInto((await quantize(goldenBytes('image'), options).done).bytes);
  const readers = (name: string) => graph.node.filter(({ input }) => input.includes(name)).map(({ opType }) => opType);
  const outputOf = (name: string) => graph.node.find((one) => one.name === name)?.output[0] as string;
  expect(readers(outputOf('conv1'))).toEqual(['Relu']);
  expect(readers(outputOf('relu1'))).toEqual(['QuantizeLinear']);
  expect(readers(outputOf('depthwise'))).toEqual(['Clip']);
  expect(readers(outputOf('residual'))).toEqual(['QuantizeLinear']);
  expect(readers(outputOf('dense'))).toEqual([]);
});

test('static: batch normalization is folded into the convolution before it', async () => {
  const model = modelOf({
    input: [value('x', ['B', 2, 4, 4])],
    output: [value('y', ['B', 3, 4, 4])],
    initializer: [
      floats('w', [3, 2, 1, 1], [...wave(6)]),
      floats('scale', [3], [20, 1, 0.05]),
      floats('shift', [3], [0.1, -0.2, 0.3]),
      floats('mean', [3], [0.2, 0, -0.1]),
      floats('variance', [3], [1, 0.5, 2]),
    ],
    node: [
      node('Conv', ['x', 'w'], ['c'], { name: 'conv' }),
      node('BatchNormalization', ['c', 'scale', 'shift', 'mean', 'variance'], ['y'], { name: 'norm' }),
    ],
  });
  const bytes = writeModel(model);
  const images = { data: wave(96, 1), shape: [3, 2, 4, 4] };
  const { bytes: quantized } = await quantize(bytes, {
    to: 'static-int8',
    calibration: fromArrays({ x: images }),
    ...HERE,
  }).done;
  expect(lookInto(quantized).operators).not.toContain('BatchNormalization');
  expect(await lossOf(bytes, quantized, { x: [images.data, images.shape] })).toBeLessThan(0.02);
});

describe('products of every kind', () => {
  const matrix = floats('w', [12, 10], [...wave(120, 1)]);
  const turned = floats('w', [10, 12], [...wave(120, 1)]);
  const bias = floats('b', [10], [...wave(10, 2)]);
  const gemm = (attribute: OnnxNode['attribute'], input = ['x', 'w', 'b']) => node('Gemm', input, ['y'], { attribute });
  const model = (fields: object, shape = [3, 12]) =>
    modelOf({ input: [value('x', shape)], output: [onnx.value({ name: 'y' })], ...fields });
  const constant = (name: string, t = matrix) =>
    node('Constant', [], [name], { attribute: [onnx.attribute({ name: 'value', type: 4, t })] });
  const cases: [string, OnnxModel, number[]][] = [
    [
      'alpha and beta',
      model({ node: [gemm([float('alpha', 0.5), float('beta', 3)])], initializer: [matrix, bias] }),
      [3, 12],
    ],
    ['transB', model({ node: [gemm([int('transB', 1), float('alpha', 2)])], initializer: [turned, bias] }), [3, 12]],
    ['transA', model({ node: [gemm([int('transA', 1)])], initializer: [matrix, bias] }, [12, 3]), [12, 3]],
    ['no bias', model({ node: [gemm([], ['x', 'w'])], initializer: [matrix] }), [3, 12]],
    ['a weight from a Constant', model({ node: [constant('w'), node('MatMul', ['x', 'w'], ['y'])] }), [3, 12]],
    [
      'a weight that two nodes read',
      model({
        node: [node('MatMul', ['x', 'w'], ['p']), node('Gemm', ['x', 'w', 'b'], ['q']), node('Sub', ['p', 'q'], ['y'])],
        initializer: [matrix, bias],
      }),
      [3, 12],
    ],
    [
      'a computed bias',
      model({
        node: [node('ReduceMean', ['x'], ['m']), gemm([float('beta', 2)], ['x', 'w', 'm'])],
        initializer: [matrix],
      }),
      [3, 12],
    ],
    [
      'a weight among the inputs',
      model({
        input: [value('x', [3, 12]), value('w', [12, 10])],
        node: [node('MatMul', ['x', 'w'], ['y'])],
        initializer: [matrix],
      }),
      [3, 12],
    ],
    [
      'a weight of three dimensions',
      model({ node: [node('MatMul', ['x', 'v'], ['y'])], initializer: [floats('v', [2, 12, 10], [...wave(240)])] }),
      [3, 12],
    ],
  ];
  test.each(cases)('%s', async (_, made, shape) => {
    const bytes = writeModel(made);
    const feeds: Feeds = { x: [wave(36), shape] };
    const calibration = fromArrays({ x: { data: wave(36), shape } });
    for (const [options, most] of [
      [{ to: 'dynamic-int8' }, 0.03],
      [{ to: 'static-int8', calibration }, 0.03],
      [{ to: 'float16' }, 1e-3],
      [{ to: 'float16', float16: 'graph' }, 3e-3],
      [{ to: 'int4', blockSize: 16 }, 0.3],
    ] as [QuantizeOptions, number][]) {
      const { bytes: quantized } = await quantize(bytes, { ...options, ...HERE }).done;
      expect(await lossOf(bytes, quantized, feeds), JSON.stringify(options)).toBeLessThan(most);
    }
  });
});

test('weights that only branches read are not quantized, and the report says so', async () => {
  const { report } = await quantize(writeModel(tinyBranches()), { to: 'dynamic-int8' }).done;
  expect(report.notices.join()).toContain('What stands inside If was left');
  await expect(quantize(writeModel(tinyBranches()), { to: 'float16', float16: 'graph' }).done).rejects.toMatchObject({
    code: 'unsupported-operator',
    message: expect.stringContaining('choice'),
  });
});

test('"exclude" accepts names and operators', async () => {
  const { report } = await quantize(goldenBytes('products'), { to: 'dynamic-int8', exclude: ['second'] }).done;
  expect(report.nodes).toEqual([
    { node: 'first', operator: 'MatMul', state: 'computed' },
    { node: 'second', operator: 'MatMul', state: 'left', why: 'it is excluded' },
  ]);
  for (const to of ['dynamic-int8', 'int4', 'float16', 'static-int8'] as const) {
    const calibration = to === 'static-int8' ? { calibration: goldenData('products') } : {};
    const options = { to, exclude: ['MatMul', 'Add'], ...calibration, ...HERE };
    expect((await quantize(goldenBytes('products'), options).done).report.quantized).toBe(0);
  }
});

test('halves: a Constant may be an output, and be read as well', async () => {
  const t = floats('', [2], [1.5, -2]);
  const model = modelOf({
    output: [value('y', ['B', 2]), value('c', [2])],
    node: [
      node('Constant', [], ['c'], { attribute: [onnx.attribute({ name: 'value', type: 4, t })] }),
      node('Mul', ['x', 'c'], ['y']),
    ],
  });
  const feeds: Feeds = { x: [wave(6), [3, 2]] };
  const { bytes } = await quantize(writeModel(model), { to: 'float16', float16: 'graph' }).done;
  expect(await lossOf(writeModel(model), bytes, feeds)).toBeLessThan(1e-3);
});

test('halves: a float32 node that reads an output reads it as it is returned', async () => {
  const model = modelOf({
    output: [value('h', ['B', 2]), value('y', ['B', 2])],
    node: [node('Neg', ['x'], ['h']), node('Abs', ['h'], ['y'], { name: 'stays' })],
  });
  const options = { to: 'float16', float16: 'graph', exclude: ['stays'] } as const;
  const { bytes } = await quantize(writeModel(model), options).done;
  expect(await lossOf(writeModel(model), bytes, { x: [wave(6), [3, 2]] })).toBeLessThan(1e-3);
  // Into Neg and out of it.
  expect(lookInto(bytes).operators.filter((one) => one === 'Cast').length).toBe(2);
});

test('halves: weights that do not fit stay float32; without "keepInputs" inputs and outputs are halves', async () => {
  const large = modelOf({
    input: [value('x', [1, 12])],
    output: [value('y', [1, 10])],
    node: [node('MatMul', ['x', 'w'], ['y'])],
    initializer: [floats('w', [12, 10], [...wave(120).map((v) => 1e5 * v)])],
  });
  for (const float16 of ['weights', 'graph'] as const) {
    const { bytes, report } = await quantize(writeModel(large), { to: 'float16', float16 }).done;
    expect(report.nodes[0]).toMatchObject({ state: 'left', why: expect.stringContaining('65504') });
    expect(await lossOf(writeModel(large), bytes, { x: [wave(12, 3), [1, 12]] })).toBeLessThan(1e-3);
  }
  const options = { to: 'float16', float16: 'graph', keepInputs: false } as const;
  const { graph } = lookInto((await quantize(goldenBytes('image'), options).done).bytes);
  expect([...graph.input, ...graph.output].map(({ type }) => type?.tensorType?.elemType)).toEqual([10, 10]);
  expect(graph.node.filter(({ opType }) => opType === 'Cast')).toEqual([]);
});
