import { LimbeckError } from '../core/errors.ts';
import { sizeOf } from '../core/shape.ts';
import { DATA_TYPES, dataTypeOf } from './dataTypes.ts';
import { type OnnxNode, type OnnxTensor, onnx } from './model.ts';

/** Element types that have a typed array of their own. bool is kept as bytes, float16 and bfloat16 as their bits. */
const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
} as const;

export type ElementType = keyof typeof ARRAYS;
export type ElementArray = InstanceType<(typeof ARRAYS)[ElementType]>;

/** The elements of a stored tensor, with what they are. */
export interface TensorData {
  readonly dtype: ElementType;
  readonly shape: readonly number[];
  readonly data: ElementArray;
}

/** A stored tensor of these elements, which are copied. A 4-bit or other packed type is made with `packedTensor`. */
export function storedData(name: string, dtype: ElementType, shape: readonly number[], data: ElementArray): OnnxTensor {
  const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  return packedTensor(name, dtype, shape, rawData);
}

/** A stored tensor of bytes as the format lays them out. */
export function packedTensor(name: string, dtype: string, shape: readonly number[], rawData: Uint8Array): OnnxTensor {
  return onnx.tensor({ name, dims: shape.map(BigInt), dataType: dataTypeOf(dtype), rawData });
}

export function floatTensor(
  name: string,
  shape: readonly number[],
  data: Float32Array | readonly number[],
): OnnxTensor {
  return storedData(name, 'float32', shape, Float32Array.from(data));
}

export function int64Tensor(name: string, shape: readonly number[], data: readonly number[]): OnnxTensor {
  return storedData(name, 'int64', shape, BigInt64Array.from(data.map(BigInt)));
}

/**
 * The elements of a stored tensor; a copy, whichever field they stand in.
 * Throws    invalid-onnx: they stand in another file, are of a type without an array, or are not as many as the shape says
 */
export function dataOf(tensor: OnnxTensor): TensorData {
  const dtype = DATA_TYPES[tensor.dataType]?.name ?? `type ${tensor.dataType}`;
  const shape = tensor.dims.map(Number);
  if (!(dtype in ARRAYS)) throw unreadable(tensor, `its elements are ${dtype}`);
  if (tensor.dataLocation === 1) throw unreadable(tensor, 'its elements stand in another file');
  const type = dtype as ElementType;
  const data = tensor.rawData.byteLength > 0 ? fromRaw(tensor, type) : fromField(tensor, type);
  if (data.length !== sizeOf(shape)) {
    throw unreadable(tensor, `it has ${data.length} elements, and the shape [${shape.join(', ')}]`);
  }
  return { dtype: type, shape, data };
}

function fromRaw({ rawData }: OnnxTensor, dtype: ElementType): ElementArray {
  const bytes = rawData.slice();
  const Elements = ARRAYS[dtype];
  return new Elements(bytes.buffer, 0, Math.floor(bytes.byteLength / Elements.BYTES_PER_ELEMENT));
}

function fromField(tensor: OnnxTensor, dtype: ElementType): ElementArray {
  switch (dtype) {
    case 'float32':
      return Float32Array.from(tensor.floatData);
    case 'float64':
      return Float64Array.from(tensor.doubleData);
    case 'int64':
      return BigInt64Array.from(tensor.int64Data);
    case 'uint32':
      return Uint32Array.from(tensor.uint64Data.map(Number));
    case 'uint64':
      return BigUint64Array.from(tensor.uint64Data);
    default:
      return ARRAYS[dtype].from(tensor.int32Data);
  }
}

function unreadable({ name }: OnnxTensor, why: string): LimbeckError {
  return new LimbeckError('invalid-onnx', `The tensor "${name}" of the model cannot be read: ${why}.`, {
    details: { tensor: name },
  });
}

/** What a Constant node gives, in whichever of its attributes it stands; undefined for strings, and for any other node. */
export function constantIn({ opType, domain, attribute }: OnnxNode): OnnxTensor | undefined {
  if (opType !== 'Constant' || (domain !== '' && domain !== 'ai.onnx')) return undefined;
  const [one] = attribute;
  switch (one?.name) {
    case 'value':
      return one.t;
    case 'value_int':
      return int64Tensor('', [], [Number(one.i)]);
    case 'value_ints':
      return int64Tensor('', [one.ints.length], one.ints.map(Number));
    case 'value_float':
      return floatTensor('', [], [one.f]);
    case 'value_floats':
      return floatTensor('', [one.floats.length], one.floats);
    default:
      return undefined;
  }
}
