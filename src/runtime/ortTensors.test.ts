import { expect, test } from 'vitest';
import type { Ort, OrtTensor } from './ort.ts';
import { fromOrtTensor, isNumericType, toOrtTensor } from './ortTensors.ts';

/** A tensor class that only keeps what it is given. */
class KeptTensor {
  constructor(
    readonly type: string,
    readonly data: ArrayLike<number>,
    readonly dims: readonly number[],
  ) {}
}
const ort = { Tensor: KeptTensor } as unknown as Ort;
const made = (type: string, data: Float32Array | Int32Array | Uint8Array) =>
  toOrtTensor(ort, 'x', type, { data, shape: [data.length] }).data;
const read = (type: string, data: unknown) => fromOrtTensor({ type, data, dims: [1] } as unknown as OrtTensor).data;

test.each([
  ['float64', Float64Array.of(-1, 2)],
  ['int8', Int8Array.of(-1, 2)],
  ['int16', Int16Array.of(-1, 2)],
  ['int32', Int32Array.of(-1, 2)],
  ['int64', BigInt64Array.of(-1n, 2n)],
  ['bool', Uint8Array.of(1, 1)],
])('numbers become %s', (type, expected) => expect(made(type, Float32Array.of(-1, 2))).toEqual(expected));

test.each([
  ['uint8', Uint8Array.of(3, 200)],
  ['uint16', Uint16Array.of(3, 200)],
  ['uint32', Uint32Array.of(3, 200)],
  ['uint64', BigUint64Array.of(3n, 200n)],
  ['float16', Uint16Array.of(0x4200, 0x5a40)],
])('numbers become %s', (type, expected) => expect(made(type, Int32Array.of(3, 200))).toEqual(expected));

test('text is refused, and the message says what to do', () => {
  expect(isNumericType('string')).toBe(false);
  expect(() => made('string', Int32Array.of(1))).toThrow(/"x" takes string.*Export the model without/);
});

test('whole numbers come back as int32 where all fit, else as float32', () => {
  expect(read('int64', BigInt64Array.of(-5n, 7n))).toEqual(Int32Array.of(-5, 7));
  expect(read('int64', BigInt64Array.of(2n ** 40n))).toEqual(Float32Array.of(2 ** 40));
  expect(read('uint32', Uint32Array.of(2 ** 31))).toEqual(Float32Array.of(2 ** 31));
  expect(read('int8', Int8Array.of(-3))).toEqual(Int32Array.of(-3));
  expect(read('bool', Uint8Array.of(1))).toEqual(Uint8Array.of(1));
});

test('halves come back as numbers, whether an engine gives them as bits or as numbers', () => {
  expect(read('float16', Uint16Array.of(0x3e00))).toEqual(Float32Array.of(1.5));
  expect(read('float16', Float64Array.of(1.5))).toEqual(Float32Array.of(1.5));
});
