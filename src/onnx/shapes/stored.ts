import { DATA_TYPES } from '../dataTypes.ts';
import type { OnnxTensor } from '../model.ts';
import { numbers } from '../simplify/convert.ts';
import { type Inferred, MOST_VALUES, tensor } from './tensor.ts';

/** The number of elements of a stored tensor. */
export function storedElements(stored: OnnxTensor): number {
  return stored.dims.reduce((product, one) => product * Math.max(0, Number(one)), 1);
}

/** The bytes that the elements of a stored tensor take, in the model or in a file next to it. */
export function storedBytes(stored: OnnxTensor): number {
  const bits = DATA_TYPES[stored.dataType]?.bits ?? 0;
  if (bits > 0) return Math.ceil((storedElements(stored) * bits) / 8);
  return stored.stringData.reduce((sum, one) => sum + one.byteLength, 0) + stored.rawData.byteLength;
}

/** Type and shape of a stored tensor, and its elements where they are few and can be read here. */
export function storedTensor(stored: OnnxTensor): Inferred {
  const shape = stored.dims.map((one) => Math.max(0, Number(one)));
  const count = storedElements(stored);
  const values = count <= MOST_VALUES && stored.dataLocation === 0 ? read(stored, count) : undefined;
  return tensor(DATA_TYPES[stored.dataType]?.name, shape, values?.length === count ? values : undefined);
}

function read(stored: OnnxTensor, count: number): readonly number[] | undefined {
  const raw = stored.rawData;
  const getter = RAW[stored.dataType];
  if (raw.byteLength > 0) {
    if (getter === undefined || raw.byteLength !== count * getter.bytes) return undefined;
    const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
    return Array.from({ length: count }, (_, i) => getter.read(view, i * getter.bytes));
  }
  const name = DATA_TYPES[stored.dataType]?.name;
  switch (name) {
    case 'float32':
      return stored.floatData;
    case 'float64':
      return stored.doubleData;
    case 'float16':
    case 'bfloat16':
      return Array.from(numbers(name, Uint16Array.from(stored.int32Data)));
    case 'int64':
      return stored.int64Data.map(Number);
    case 'int32':
    case 'int16':
    case 'int8':
    case 'uint16':
    case 'uint8':
    case 'bool':
      return stored.int32Data;
    case 'uint32':
    case 'uint64':
      return stored.uint64Data.map(Number);
    default:
      return undefined;
  }
}

interface RawReader {
  readonly bytes: number;
  readonly read: (view: DataView, at: number) => number;
}

/** Little-endian readers of raw elements, by their type's number. Lengths beyond 2^53 lose their last digits. */
const RAW: Readonly<Record<number, RawReader>> = {
  1: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  2: { bytes: 1, read: (view, at) => view.getUint8(at) },
  3: { bytes: 1, read: (view, at) => view.getInt8(at) },
  4: { bytes: 2, read: (view, at) => view.getUint16(at, true) },
  5: { bytes: 2, read: (view, at) => view.getInt16(at, true) },
  6: { bytes: 4, read: (view, at) => view.getInt32(at, true) },
  7: { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
  9: { bytes: 1, read: (view, at) => view.getUint8(at) },
  10: { bytes: 2, read: (view, at) => numbers('float16', Uint16Array.of(view.getUint16(at, true)))[0] as number },
  11: { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
  12: { bytes: 4, read: (view, at) => view.getUint32(at, true) },
  13: { bytes: 8, read: (view, at) => Number(view.getBigUint64(at, true)) },
  16: { bytes: 2, read: (view, at) => numbers('bfloat16', Uint16Array.of(view.getUint16(at, true)))[0] as number },
};
