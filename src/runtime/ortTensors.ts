// Numbers as onnxruntime's tensors, and back.

import { LimbeckError } from '../core/errors.ts';
import { fromHalves, toHalves } from '../core/halves.ts';
import { isNumericArray, type NdArray, type NumericArray, requireNumbers, wholeNumbers } from '../core/shape.ts';
import { isTagged, ofThisRealm } from '../core/tags.ts';
import type { Ort, OrtTensor } from './ort.ts';

type OrtData = OrtTensor['data'];

/** Element types that are numbers, and how to make them from numbers. */
const makers: Readonly<Record<string, (data: NumericArray) => OrtData>> = {
  float32: (data) => (isTagged(data, 'Float32Array') ? data : Float32Array.from(data)),
  float64: (data) => Float64Array.from(data),
  float16: (data) => toHalves(data),
  int8: (data) => Int8Array.from(data),
  uint8: (data) => (isTagged(data, 'Uint8Array') ? data : Uint8Array.from(data)),
  int16: (data) => Int16Array.from(data),
  uint16: (data) => Uint16Array.from(data),
  int32: (data) => (isTagged(data, 'Int32Array') ? data : Int32Array.from(data)),
  uint32: (data) => Uint32Array.from(data),
  int64: (data) => toBigInts(data, new BigInt64Array(data.length)),
  uint64: (data) => toBigInts(data, new BigUint64Array(data.length)),
  bool: (data) => Uint8Array.from(data, (value) => (value === 0 ? 0 : 1)),
};

/** Whether values of an element type of onnxruntime can be given and read here. */
export function isNumericType(type: string): boolean {
  return Object.hasOwn(makers, type);
}

/** A tensor of the model's own element type. Throws    shape-mismatch: a type that is not a number, such as text */
export function toOrtTensor(ort: Ort, name: string, type: string, { data, shape }: NdArray): OrtTensor {
  const make = isNumericType(type) ? makers[type] : undefined;
  if (make === undefined) {
    throw new LimbeckError(
      'shape-mismatch',
      `The model's input "${name}" takes ${type}; data is given as numbers. Export the model without the part that ` +
        'turns text into numbers, and give those.',
      { details: { name, type } },
    );
  }
  requireNumbers(data, `The input "${name}"`);
  return new ort.Tensor(type as 'float32', make(ofThisRealm(data)) as Float32Array, shape);
}

/** Numbers that JavaScript and tfjs can hold: integers as int32 if all fit, else float32. */
export function fromOrtTensor(tensor: OrtTensor): NdArray {
  return { data: toNumbers(tensor.type, tensor.data), shape: [...tensor.dims] };
}

function toNumbers(type: string, data: OrtData): NumericArray {
  if (isNumericArray(data)) return data;
  // Engines with Float16Array give halves as numbers, others as their bits.
  if (type === 'float16' && isTagged(data, 'Uint16Array')) return fromHalves(data);
  if (type === 'float16' || type === 'float64') return Float32Array.from(data as unknown as Float64Array);
  return wholeNumbers(data as ArrayLike<bigint | number>);
}

function toBigInts<T extends BigInt64Array | BigUint64Array>(data: NumericArray, out: T): T {
  for (let i = 0; i < data.length; i++) out[i] = BigInt(Math.trunc(data[i] as number));
  return out;
}
