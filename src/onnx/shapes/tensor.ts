import type { OnnxLength } from '../describe/description.ts';

export type Shape = readonly OnnxLength[];

/** What is known about a tensor before anything runs. */
export interface Inferred {
  readonly dtype: string | null;
  readonly shape: Shape | null;
  /** Its elements in row-major order, where they are few and follow from shapes; bool as 0 and 1. */
  readonly values?: readonly OnnxLength[];
}

export const UNKNOWN: Inferred = { dtype: null, shape: null };

/** Tensors with more elements than this are followed by their shape only. */
export const MOST_VALUES = 1024;

export function tensor(
  dtype: string | null | undefined,
  shape: Shape | null | undefined,
  values?: readonly OnnxLength[],
): Inferred {
  const isKept = values !== undefined && values.length <= MOST_VALUES;
  return { dtype: dtype ?? null, shape: shape == null ? null : lengths(shape), ...(isKept && { values }) };
}

/** A shape from numbers that a file may have got wrong: what is no length is unknown. */
export function lengths(values: readonly OnnxLength[]): Shape {
  return values.map((one) => (typeof one === 'number' ? length(one) : one));
}

/** A length that JavaScript counts exactly, or null. */
export function length(value: number): OnnxLength {
  return Number.isSafeInteger(value) && value >= 0 ? value : null;
}

export function plus(a: OnnxLength, b: OnnxLength): OnnxLength {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  if (a === 0) return b;
  return b === 0 ? a : null;
}

export function times(a: OnnxLength, b: OnnxLength): OnnxLength {
  if (typeof a === 'number' && typeof b === 'number') return a * b;
  if (a === 1) return b;
  if (b === 1) return a;
  return a === 0 || b === 0 ? 0 : null;
}

/** The number of elements; a name where one length is free and the others are 1. */
export function elementsOf(shape: Shape): OnnxLength {
  return shape.reduce(times, 1);
}

/** The product of lengths that must all be numbers. */
export function countOf(...lengths: readonly (OnnxLength | undefined)[]): number | undefined {
  let product = 1;
  for (const one of lengths) {
    if (typeof one !== 'number') return undefined;
    product *= one;
  }
  return product;
}

/** What is known about a length that two sources speak of: a number beats a name, a name beats nothing. */
export function mergeLengths(a: OnnxLength, b: OnnxLength): OnnxLength {
  if (typeof a === 'number') return a;
  return typeof b === 'number' ? b : (a ?? b);
}

/** What two sources tell about one shape. Of different ranks the first is believed. */
export function mergeShapes(a: Shape | null, b: Shape | null): Shape | null {
  if (a === null || b === null) return a ?? b;
  return a.length === b.length ? a.map((one, i) => mergeLengths(one, b[i] ?? null)) : a;
}

/** What is true of either of two shapes, one of which it will be. */
export function eitherShape(a: Shape | null, b: Shape | null): Shape | null {
  if (a === null || b === null || a.length !== b.length) return null;
  return a.map((one, i) => (one === b[i] ? one : null));
}

function broadcastLengths(a: OnnxLength, b: OnnxLength): OnnxLength {
  if (a === b || b === 1) return a;
  if (a === 1) return b;
  // A free length next to a number other than 1 can only be that number, or 1.
  if (typeof a === 'number') return typeof b === 'number' ? null : a;
  return typeof b === 'number' ? b : null;
}

/** The shape of an elementwise operation. Source: ONNX, "Broadcasting in ONNX" (as in NumPy). */
export function broadcast(...shapes: readonly (Shape | null | undefined)[]): Shape | null {
  let result: Shape = [];
  for (const shape of shapes) {
    if (shape === null || shape === undefined) return null;
    const rank = Math.max(result.length, shape.length);
    const [a, b] = [padded(result, rank), padded(shape, rank)];
    result = a.map((one, i) => broadcastLengths(one, b[i] ?? null));
  }
  return result;
}

function padded(shape: Shape, rank: number): Shape {
  return [...new Array<OnnxLength>(rank - shape.length).fill(1), ...shape];
}

/** The sizes as numbers, where all are known. */
export function numbersOf(values: readonly OnnxLength[] | undefined): readonly number[] | undefined {
  return values?.every((one) => typeof one === 'number') ? (values as readonly number[]) : undefined;
}

/** An axis counted from the front; undefined where the shape does not have it. */
export function axisOf(axis: number, rank: number): number | undefined {
  const front = axis < 0 ? axis + rank : axis;
  return Number.isInteger(front) && front >= 0 && front < rank ? front : undefined;
}

/** A shape with one length replaced. */
export function withLength(shape: Shape, axis: number, value: OnnxLength): Shape {
  return shape.map((one, i) => (i === axis ? value : one));
}

/** As many unknown lengths; null where even their number is unknown, or no rank that a tensor has. */
export function unknownLengths(rank: OnnxLength | undefined): Shape | null {
  return typeof rank === 'number' && rank >= 0 && rank <= 64 ? new Array<OnnxLength>(rank).fill(null) : null;
}

/** Few elements with those of one axis picked, in a given order; undefined where a length is not known. */
export function pickAlong(values: Shape, shape: Shape, axis: number, picked: readonly number[]): Shape | undefined {
  const sizes = numbersOf(shape);
  const size = sizes?.[axis];
  if (sizes === undefined || size === undefined) return undefined;
  const inner = sizes.slice(axis + 1).reduce((a, b) => a * b, 1);
  const outer = sizes.slice(0, axis).reduce((a, b) => a * b, 1);
  if (outer * inner * picked.length > MOST_VALUES) return undefined;
  const result: OnnxLength[] = [];
  for (let block = 0; block < outer; block += 1) {
    for (const index of picked) {
      const from = (block * size + index) * inner;
      for (let i = 0; i < inner; i += 1) result.push(values[from + i] ?? null);
    }
  }
  return result;
}
