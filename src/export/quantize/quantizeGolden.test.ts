// Compared with onnxruntime's own quantization in Python.
import { describe, expect, test } from 'vitest';
import { fromHalves, toHalves } from '../../core/halves.ts';
import { readModel } from '../../onnx/model.ts';
import { dataOf } from '../../onnx/tensorData.ts';
import { quantize } from '../quantize.ts';
import { calibrate } from './calibrate.ts';
import { toInt4Blocks } from './int4.ts';
import { type GoldenModel, golden, goldenBytes, goldenData, HERE, lookInto } from './quantizeCases.ts';

const names = Object.keys(golden.models) as GoldenModel[];
const values = (tensor: Parameters<typeof dataOf>[0]) => Array.from(dataOf(tensor).data, Number);

function expectClose(given: readonly number[], expected: readonly number[], share = 1e-6) {
  expect(given.length).toBe(expected.length);
  for (const [i, value] of given.entries())
    expect(Math.abs(value / (expected[i] as number) - 1)).toBeLessThanOrEqual(share);
}

/** A tie may round the other way if a scale differs in its last bit. */
function expectSameNumbers(given: readonly number[], expected: readonly number[], most = 1) {
  expect(given.length).toBe(expected.length);
  for (const [i, value] of given.entries()) expect(Math.abs(value - (expected[i] as number))).toBeLessThanOrEqual(most);
  expect(given.filter((value, i) => value !== expected[i]).length).toBeLessThanOrEqual(given.length / 100);
}

describe.each(names)('%s, static', (name) => {
  const { activations, weights } = golden.models[name].static as unknown as {
    activations: Record<string, [number, number]>;
    weights: Record<string, { data: number[]; scales: number[] }>;
  };

  test('has Python’s scales, zero points, weights and biases', async () => {
    const options = { to: 'static-int8', calibration: goldenData(name), ...HERE } as const;
    const model = lookInto((await quantize(goldenBytes(name), options).done).bytes);
    let compared = 0;
    for (const node of model.graph.node) {
      if (node.opType !== 'QuantizeLinear') continue;
      const tensor = (node.input[0] as string).replace(/_raw$/, '');
      const [scale, zeroPoint] = activations[tensor] as [number, number];
      expectClose(values(model.stored(node.input[1])), [scale]);
      expect(values(model.stored(node.input[2]))).toEqual([zeroPoint]);
      compared++;
    }
    expect(compared).toBe(name === 'image' ? 6 : 2);
    const biases: Record<string, string> = { w1: 'b1', w2: 'b2', w3: 'b3' };
    for (const { opType, input } of model.graph.node) {
      if (!['Conv', 'Gemm', 'MatMul'].includes(opType)) continue;
      const [, weight, bias] = input.map((one) => model.makerOf(one));
      const weightName = (weight?.output[0] ?? '').replace(/_f$/, '');
      const expected = weights[weightName];
      expectClose(values(model.stored(weight?.input[1])), expected?.scales ?? []);
      expectSameNumbers(values(model.stored(weight?.input[0])), expected?.data ?? []);
      if (bias === undefined) continue;
      const expectedBias = weights[biases[weightName] as string];
      expectClose(values(model.stored(bias.input[1])), expectedBias?.scales ?? []);
      expectSameNumbers(values(model.stored(bias.input[0])), expectedBias?.data ?? []);
    }
  });

  test.each(['entropy', 'percentile'] as const)('%s finds Python’s ranges, to within a bin', async (method) => {
    const expected = golden.models[name][method] as Record<string, { range: number[]; bin: number }>;
    const tensors = Object.keys(expected);
    const ranges = await calibrate(readModel(goldenBytes(name)), tensors, {
      ...{ ...HERE, data: goldenData(name), examples: 1000, method, percentile: golden.percentile },
      emit: () => undefined,
      signal: new AbortController().signal,
    });
    for (const tensor of tensors) {
      const { range, bin } = expected[tensor] as { range: number[]; bin: number };
      const { least, most } = ranges.get(tensor) as { least: number; most: number };
      expect(Math.abs(least - (range[0] as number)), `${tensor} ${least} ${range[0]}`).toBeLessThanOrEqual(1.01 * bin);
      expect(Math.abs(most - (range[1] as number)), `${tensor} ${most} ${range[1]}`).toBeLessThanOrEqual(1.01 * bin);
    }
  });
});

test('dynamic weights are Python’s', async () => {
  const model = lookInto((await quantize(goldenBytes('products'), { to: 'dynamic-int8' }).done).bytes);
  const expected = golden.models.products.dynamic;
  for (const weight of ['w1', 'w2'] as const) {
    expectClose(values(model.stored(`${weight}_s`)), expected[weight].scales);
    expectSameNumbers(values(model.stored(`${weight}_q`)), expected[weight].data);
  }
});

test('halves are numpy’s', () => {
  const floats = new Float32Array(Uint32Array.from(golden.halves.bits).buffer);
  expect(Array.from(toHalves(floats))).toEqual(golden.halves.halves);
  expect(Array.from(fromHalves(toHalves(Float32Array.of(1, -2, 2 ** -24, 65504))))).toEqual([1, -2, 2 ** -24, 65504]);
});

test('blocks of 4 bits are those of onnxruntime', () => {
  const { matrix, rows, columns, blockSize, packed, scales } = golden.int4;
  const blocks = toInt4Blocks(Float32Array.from(matrix), rows, columns, blockSize);
  expectClose(Array.from(blocks.scales), scales);
  // Padding of the last block is 0 here; Python does not write it.
  const bytesInColumn = (blocks.blocks * blockSize) / 2;
  const isFilling = (byte: number) => 2 * (byte % bytesInColumn) >= rows;
  expect(Array.from(blocks.packed)).toEqual(packed.map((byte, i) => (isFilling(i) ? 0x88 : byte)));
});
