import { LimbeckError } from '../../core/errors.ts';
import {
  type DType,
  dtypeOf,
  formatShape,
  isSameShape,
  makeArray,
  type NamedArrays,
  type NdArray,
  sizeOf,
} from '../../core/shape.ts';
import { codecOf } from './codec.ts';
import type { Codec } from './precision.ts';
import { type CachePrecision, checkNamedOutputs, type Precision, precisionOf } from './precision.ts';

/** How one output of one example is kept. Plain values: the head of a chunk says it. */
export interface OutputLayout {
  readonly name: string;
  readonly dtype: DType;
  readonly rowShape: readonly number[];
  readonly precision: Precision;
}

/** All outputs of one example, one after the other. */
export type Layout = readonly OutputLayout[];

/** What a teacher said about one example, as bytes. */
export interface Row {
  readonly layout: Layout;
  readonly bytes: Uint8Array;
}

/**
 * The layout of the outputs of `count` examples.
 * Throws    shape-mismatch: an output without one row for each example · unknown-output: a precision for an output that does not exist
 */
export function layoutOf(outputs: NamedArrays, count: number, precision: CachePrecision): Layout {
  checkNamedOutputs(precision, Object.keys(outputs));
  return Object.entries(outputs).map(([name, { data, shape }]) => {
    if (shape[0] !== count || data.length !== sizeOf(shape)) {
      throw new LimbeckError(
        'shape-mismatch',
        `The teacher's output "${name}" for ${count} examples was ${formatShape(shape)} with ${data.length} values; ` +
          'a cache keeps one row for each example, so its first length must be their number. Let "read" bring it there.',
        { details: { name, given: shape, count } },
      );
    }
    const dtype = dtypeOf(data);
    const kept = dtype === 'float32' ? precisionOf(precision, name) : 'float32';
    return { name, dtype, rowShape: shape.slice(1), precision: kept };
  });
}

/** The same outputs without any loss, for answers that a coarser layout cannot represent. */
export function exactly(layout: Layout): Layout {
  return layout.map((output) => ({ ...output, precision: 'float32' }));
}

/** Whether rows of both can stand in one batch; how they are kept may differ. */
export function isSameOutputs(a: Layout, b: Layout): boolean {
  if (a === b) return true;
  const isSame = (one: OutputLayout, other: OutputLayout | undefined) =>
    one.name === other?.name && one.dtype === other.dtype && isSameShape(one.rowShape, other.rowShape);
  return a.length === b.length && a.every((output, i) => isSame(output, b[i]));
}

export function rowBytesOf(layout: Layout): number {
  return layout.reduce((sum, output) => sum + partOf(output).bytes, 0);
}

/** Writes one example of a batch as bytes; gives how many values were cut to fit. */
export function encodeRow(outputs: NamedArrays, example: number, layout: Layout, bytes: Uint8Array): number {
  let cut = 0;
  let to = 0;
  for (const output of layout) {
    const { data } = outputs[output.name] as NdArray;
    const part = partOf(output);
    const at = example * part.size;
    if (part.codec === undefined) {
      bytes.set(new Uint8Array(data.buffer, data.byteOffset + at * data.BYTES_PER_ELEMENT, part.bytes), to);
    } else {
      const stride = part.codec.bytesOf(part.width);
      for (let i = 0; i < part.axes; i++) {
        cut += part.codec.encode(data as Float32Array, at + i * part.width, part.width, bytes, to + i * stride);
      }
    }
    to += part.bytes;
  }
  return cut;
}

/** Arrays for the outputs of `count` examples. */
export function emptyOutputs(layout: Layout, count: number): NamedArrays {
  return Object.fromEntries(
    layout.map(({ name, dtype, rowShape }) => [
      name,
      { data: makeArray(dtype, count * sizeOf(rowShape)), shape: [count, ...rowShape] },
    ]),
  );
}

/** Reads one example from bytes into a batch. */
export function decodeRow({ layout, bytes }: Row, outputs: NamedArrays, example: number): void {
  let from = 0;
  for (const output of layout) {
    const { data } = outputs[output.name] as NdArray;
    const part = partOf(output);
    const to = example * part.size;
    if (part.codec === undefined) {
      const target = new Uint8Array(data.buffer, data.byteOffset + to * data.BYTES_PER_ELEMENT, part.bytes);
      target.set(bytes.subarray(from, from + part.bytes));
    } else {
      const stride = part.codec.bytesOf(part.width);
      for (let i = 0; i < part.axes; i++) {
        part.codec.decode(bytes, from + i * stride, part.width, data as Float32Array, to + i * part.width);
      }
    }
    from += part.bytes;
  }
}

interface Part {
  readonly size: number;
  readonly bytes: number;
  /** Rows of the last axis, and their length. */
  readonly axes: number;
  readonly width: number;
  /** Undefined if the bytes are kept as they are. */
  readonly codec: Codec | undefined;
}

const parts = new WeakMap<OutputLayout, Part>();

function partOf(output: OutputLayout): Part {
  const known = parts.get(output);
  if (known !== undefined) return known;
  const part = makePart(output);
  parts.set(output, part);
  return part;
}

function makePart({ name, dtype, rowShape, precision }: OutputLayout): Part {
  const size = sizeOf(rowShape);
  const width = rowShape.at(-1) ?? 1;
  const axes = width === 0 ? 0 : size / width;
  if (precision === 'float32')
    return { size, axes, width, bytes: size * (dtype === 'uint8' ? 1 : 4), codec: undefined };
  const codec = codecOf(precision, name, width);
  return { size, axes, width, bytes: axes * codec.bytesOf(width), codec };
}
