import type { ElementArray, ElementType } from '../tensorData.ts';

const MAKERS: { readonly [T in ElementType]: (size: number) => ElementArray } = {
  float32: (size) => new Float32Array(size),
  float64: (size) => new Float64Array(size),
  float16: (size) => new Uint16Array(size),
  bfloat16: (size) => new Uint16Array(size),
  int8: (size) => new Int8Array(size),
  uint8: (size) => new Uint8Array(size),
  int16: (size) => new Int16Array(size),
  uint16: (size) => new Uint16Array(size),
  int32: (size) => new Int32Array(size),
  uint32: (size) => new Uint32Array(size),
  int64: (size) => new BigInt64Array(size),
  uint64: (size) => new BigUint64Array(size),
  bool: (size) => new Uint8Array(size),
};

/** Zeros of an element type. */
export function emptyArray(dtype: ElementType, size: number): ElementArray {
  return MAKERS[dtype](size);
}

/** Whether arithmetic on these elements means arithmetic on their array's numbers. */
export function isCounted(dtype: ElementType): boolean {
  return dtype !== 'float16' && dtype !== 'bfloat16';
}

/** Numbers as elements of a type: whole ones are cut toward zero, bool is 0 or 1. */
export function typedArray(dtype: ElementType, values: ArrayLike<number>): ElementArray {
  const result = emptyArray(dtype, values.length);
  for (let i = 0; i < values.length; i += 1) result[i] = element(dtype, values[i] as number);
  return result;
}

function element(dtype: ElementType, value: number): number | bigint {
  if (dtype === 'bool') return value === 0 ? 0 : 1;
  if (dtype === 'int64') return wide(value, -(2n ** 63n), 2n ** 63n - 1n);
  if (dtype === 'uint64') return wide(value, 0n, 2n ** 64n - 1n);
  return /int/.test(dtype) ? Math.trunc(value) : value;
}

/** Ends such as "as far as it goes" are the greatest numbers there are, which a double rounds up. */
function wide(value: number, least: bigint, most: bigint): bigint {
  if (Number.isNaN(value)) return 0n;
  if (value >= Number(most)) return most;
  return value <= Number(least) ? least : BigInt(Math.trunc(value));
}

/** Elements as numbers; float16 and bfloat16 from their bits. */
export function numbers(dtype: ElementType, data: ElementArray): Float64Array {
  const result = new Float64Array(data.length);
  if (dtype === 'float16') for (let i = 0; i < data.length; i += 1) result[i] = fromHalf(data[i] as number);
  else if (dtype === 'bfloat16') {
    const bits = Uint32Array.from(data as Uint16Array, (one) => one << 16);
    result.set(new Float32Array(bits.buffer));
  } else for (let i = 0; i < data.length; i += 1) result[i] = Number(data[i]);
  return result;
}

/** Source: IEEE 754-2019, binary16. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
