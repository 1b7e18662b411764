import { LimbeckError } from '../../core/errors.ts';
import type { NdArray, NumericArray } from '../../core/shape.ts';
import type { Ort, OrtTensor } from '../../runtime/ort.ts';

type OrtData = OrtTensor['data'];

/** Element types that become numbers, and how numbers become them. */
const makers: Readonly<Record<string, (data: NumericArray) => OrtData>> = {
  float32: (data) => (data instanceof Float32Array ? data : Float32Array.from(data)),
  float64: (data) => Float64Array.from(data),
  float16: (data) => toHalves(data),
  int8: (data) => Int8Array.from(data),
  uint8: (data) => (data instanceof Uint8Array ? data : Uint8Array.from(data)),
  int16: (data) => Int16Array.from(data),
  uint16: (data) => Uint16Array.from(data),
  int32: (data) => (data instanceof Int32Array ? data : Int32Array.from(data)),
  uint32: (data) => Uint32Array.from(data),
  int64: (data) => toBigInts(data, new BigInt64Array(data.length)),
  uint64: (data) => toBigInts(data, new BigUint64Array(data.length)),
  bool: (data) => Uint8Array.from(data, (value) => (value === 0 ? 0 : 1)),
};

/** Whether values of an element type of onnxruntime can be given and read here. */
export function isNumericType(type: string): boolean {
  return makers[type] !== undefined;
}

/** Throws    shape-mismatch: an element type for which there are no numbers, such as text */
export function toOrtTensor(ort: Ort, name: string, type: string, { data, shape }: NdArray): OrtTensor {
  const make = makers[type];
  if (make === undefined) {
    throw new LimbeckError(
      'shape-mismatch',
      `The teacher's input "${name}" takes ${type}; data is given as numbers. Export the model without the part that ` +
        'turns text into numbers, and give those.',
      { details: { name, type } },
    );
  }
  return new ort.Tensor(type as 'float32', make(data) as Float32Array, shape);
}

/** Numbers that JavaScript and tfjs can hold: whole ones as int32 where all fit, else float32. */
export function fromOrtTensor(tensor: OrtTensor): NdArray {
  return { data: toNumbers(tensor.type, tensor.data), shape: [...tensor.dims] };
}

function toNumbers(type: string, data: OrtData): NumericArray {
  if (data instanceof Float32Array || data instanceof Int32Array || data instanceof Uint8Array) return data;
  // An engine with Float16Array gives halves as numbers, another one as their bits.
  if (type === 'float16' && data instanceof Uint16Array) return fromHalves(data);
  if (type === 'float16' || type === 'float64') return Float32Array.from(data as unknown as Float64Array);
  const numbers = Float64Array.from(data as ArrayLike<bigint | number>, Number);
  const isInt32 = numbers.every((value) => value === (value | 0));
  return isInt32 ? Int32Array.from(numbers) : Float32Array.from(numbers);
}

function toBigInts<T extends BigInt64Array | BigUint64Array>(data: NumericArray, out: T): T {
  for (let i = 0; i < data.length; i++) out[i] = BigInt(Math.trunc(data[i] as number));
  return out;
}

/** Numbers as the bits of IEEE halves, rounded to the nearest, to the even one of two as near. */
export function toHalves(data: NumericArray): Uint16Array {
  const out = new Uint16Array(data.length);
  const float = new Float32Array(1);
  const bits = new Uint32Array(float.buffer);
  for (let i = 0; i < data.length; i++) {
    float[0] = data[i] as number;
    const word = bits[0] as number;
    const sign = (word >>> 16) & 0x8000;
    const magnitude = word & 0x7fffffff;
    if (magnitude > 0x7f800000) out[i] = sign | 0x7e00;
    else if (magnitude >= 0x477ff000) out[i] = sign | 0x7c00;
    else if (magnitude >= 0x38800000) out[i] = sign | roundShift(magnitude - 0x38000000, 13);
    else if (magnitude >= 0x33000000) {
      // Below 2⁻¹⁴ a half has no leading one of its own, and a smaller step.
      out[i] = sign | roundShift((magnitude & 0x7fffff) | 0x800000, 126 - (magnitude >>> 23));
    } else out[i] = sign;
  }
  return out;
}

function roundShift(value: number, shift: number): number {
  const half = 2 ** (shift - 1);
  const rest = value & (2 ** shift - 1);
  const floor = value >>> shift;
  return rest > half || (rest === half && (floor & 1) === 1) ? floor + 1 : floor;
}

/** The numbers of which these are the bits as halves. */
export function fromHalves(bits: Uint16Array): Float32Array {
  const out = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) {
    const half = bits[i] as number;
    const exponent = (half >>> 10) & 0x1f;
    const fraction = half & 0x3ff;
    let value: number;
    if (exponent === 0) value = fraction * 2 ** -24;
    else if (exponent === 31) value = fraction === 0 ? Number.POSITIVE_INFINITY : Number.NaN;
    else value = (1 + fraction / 1024) * 2 ** (exponent - 15);
    out[i] = (half & 0x8000) === 0 ? value : -value;
  }
  return out;
}
