import { LimbeckError } from '../core/errors.ts';
import { type NdArray, type NumericArray, ndArray, sizeOf } from '../core/shape.ts';
import { isTagged } from '../core/tags.ts';

const MAGIC = '\u0093NUMPY';
/** Of the whole header, so that the elements after it are aligned. */
const ALIGNMENT = 64;

interface Elements {
  readonly bytes: number;
  readonly read: (view: DataView, at: number) => number;
  readonly into: new (length: number) => NumericArray;
}

/** By numpy's name without the byte order. A type without a JavaScript array is converted to the nearest that has one. */
const ELEMENTS: Readonly<Record<string, Elements>> = {
  f4: { bytes: 4, read: (view, at) => view.getFloat32(at, true), into: Float32Array },
  f8: { bytes: 8, read: (view, at) => view.getFloat64(at, true), into: Float32Array },
  i1: { bytes: 1, read: (view, at) => view.getInt8(at), into: Int32Array },
  i2: { bytes: 2, read: (view, at) => view.getInt16(at, true), into: Int32Array },
  i4: { bytes: 4, read: (view, at) => view.getInt32(at, true), into: Int32Array },
  i8: { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)), into: Int32Array },
  u1: { bytes: 1, read: (view, at) => view.getUint8(at), into: Uint8Array },
  u2: { bytes: 2, read: (view, at) => view.getUint16(at, true), into: Int32Array },
  b1: { bytes: 1, read: (view, at) => view.getUint8(at), into: Float32Array },
};

/**
 * An array in numpy's file format (`numpy.save`), versions 1 to 3, little-endian, in C order. float64 becomes float32,
 * other integers become int32, booleans the floats 0 and 1. uint8 stays bytes, which a student reads as pixels.
 * Throws    invalid-option: not such a file, an unsupported element type, or fewer bytes than the shape needs
 * Source    numpy.lib.format, NEP 1
 */
export function readNpy(bytes: Uint8Array, name = 'array.npy'): NdArray {
  const refuse = (why: string) =>
    new LimbeckError('invalid-option', `"${name}" cannot be read as a numpy array: ${why}.`, { details: { name } });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < 12 || String.fromCharCode(...bytes.subarray(0, 6)) !== MAGIC) {
    throw refuse('it does not begin as numpy.save begins a file');
  }
  const isShort = view.getUint8(6) === 1;
  const start = isShort ? 10 : 12;
  const end = start + (isShort ? view.getUint16(8, true) : view.getUint32(8, true));
  const header = new TextDecoder().decode(bytes.subarray(start, end));
  const [, order, type = ''] = /'descr': *'([<>|=])(\w+)'/.exec(header) ?? [];
  const [, dimensions] = /'shape': *\(([\d, ]*)\)/.exec(header) ?? [];
  const elements = ELEMENTS[type];
  if (elements === undefined || order === undefined || dimensions === undefined) {
    throw refuse(`its elements are described as ${header.trim()}; float, int and bool arrays can be read`);
  }
  if (order === '>') throw refuse('it is big-endian; save it with .astype("<f4")');
  if (/'fortran_order': *True/.test(header))
    throw refuse('it is in Fortran order; save numpy.ascontiguousarray(array)');
  const shape = dimensions
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
    .map(Number);
  const size = sizeOf(shape);
  if (bytes.byteLength < end + size * elements.bytes) {
    throw refuse(`it has ${bytes.byteLength - end} bytes of elements; its shape needs ${size * elements.bytes}`);
  }
  const data = new elements.into(size);
  for (let i = 0; i < size; i++) data[i] = elements.read(view, end + i * elements.bytes);
  return ndArray(data, shape);
}

/** The array as `numpy.load` reads it, version 1. */
export function writeNpy({ data, shape }: NdArray): Uint8Array<ArrayBuffer> {
  const type = isTagged(data, 'Float32Array') ? '<f4' : isTagged(data, 'Int32Array') ? '<i4' : '|u1';
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const said = `{'descr': '${type}', 'fortran_order': False, 'shape': (${tuple}), }`;
  const start = 10;
  const length = Math.ceil((start + said.length + 1) / ALIGNMENT) * ALIGNMENT - start;
  const bytes = new Uint8Array(start + length + data.byteLength);
  const header = `${said.padEnd(length - 1)}\n`;
  bytes.set([...MAGIC].map((one) => one.charCodeAt(0)));
  bytes.set([1, 0, length & 255, length >> 8], 6);
  bytes.set(new TextEncoder().encode(header), start);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start + length);
  return bytes;
}
