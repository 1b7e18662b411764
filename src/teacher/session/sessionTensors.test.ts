import { expect, test } from 'vitest';
import type { Ort, OrtTensor } from '../../runtime/ort.ts';
import { fromHalves, fromOrtTensor, isNumericType, toHalves, toOrtTensor } from './sessionTensors.ts';

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

test('halves: every bit pattern that is a number survives there and back', () => {
  const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const back = toHalves(fromHalves(bits));
  const wrong = bits.filter((half, i) => half !== back[i] && (half & 0x7fff) <= 0x7c00);
  expect(wrong).toEqual(new Uint16Array(0));
  expect(back.filter((_, i) => (i & 0x7fff) > 0x7c00).every((half) => (half & 0x7fff) === 0x7e00)).toBe(true);
});

// Values by the tables of IEEE 754: largest, smallest normal, smallest of all, and both ways of a tie.
test.each([
  [65504, 0x7bff],
  [65519.996, 0x7bff],
  [65520, 0x7c00],
  [2 ** -14, 0x0400],
  [2 ** -24, 0x0001],
  [2 ** -25, 0x0000],
  [1.5 * 2 ** -25, 0x0001],
  [-0, 0x8000],
  [1 + 2 ** -11, 0x3c00],
  [1 + 3 * 2 ** -11, 0x3c02],
  [Number.NEGATIVE_INFINITY, 0xfc00],
])('halves: %d is 0x%s', (value, bits) => {
  expect(toHalves(Float32Array.of(value))[0]).toBe(bits);
});

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
