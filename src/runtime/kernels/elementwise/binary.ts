import { sizeOf } from '../../../core/shape.ts';
import { Add, Maximum, Minimum, Multiply, Pow, RealDiv, SquaredDifference, Sub, type TensorInfo } from '../../tf.ts';
import { isSupported, type Kernel } from '../kernel.ts';

/** In the order in which `wasm/binary/index.ts` numbers them. */
const FUNCTIONS = [Add, Sub, Multiply, RealDiv, Maximum, Minimum, SquaredDifference, Pow];

/**
 * Functions of two tensors, value by value, broadcast over leading, inner or trailing axes.
 * Shapes    a, b [...] broadcast to each other → [...]
 * Units     float32; powers to half a unit in the last place
 * Throws    nothing: other dtypes, and broadcasts that change more than three times along the axes, fall back to tfjs
 * Source    tfjs Add, Sub, Multiply, RealDiv, Maximum, Minimum, SquaredDifference, Pow
 */
export const binary: readonly Kernel[] = FUNCTIONS.map((kernelName, op) => ({
  kernelName,
  run({ backend, pool, address }, inputs) {
    const { a, b } = inputs as { a: TensorInfo; b: TensorInfo };
    if (!isSupported(a, b)) return undefined;
    const walk = walkOf(a.shape, b.shape);
    if (walk === undefined) return undefined;
    const count = sizeOf(walk.shape);
    if (count >= 2 ** 28) return undefined;
    const out = backend.makeOutput(walk.shape, 'float32');
    pool.run(
      'binary',
      [address(a), address(b), address(out), op, count, ...walk.words],
      count * (kernelName === Pow ? 100 : 2),
    );
    return out;
  },
}));

interface Walk {
  readonly shape: number[];
  /** Rows, columns, then the strides (outer, row, column) of a and of b. */
  readonly words: readonly number[];
}

/** How to walk two shapes as [outer, rows, columns], or `undefined` if that is not enough. */
export function walkOf(a: readonly number[], b: readonly number[]): Walk | undefined {
  if (a.length === b.length && a.every((length, i) => length === b[i])) {
    return { shape: [...a], words: [1, sizeOf(a), 0, 0, 1, 0, 0, 1] };
  }
  const rank = Math.max(a.length, b.length);
  const shape: number[] = [];
  // Runs of axes, innermost first, along which the same operands move.
  const runs: { length: number; hasA: boolean; hasB: boolean }[] = [];
  for (let axis = 1; axis <= rank; axis++) {
    const [ofA, ofB] = [a[a.length - axis] ?? 1, b[b.length - axis] ?? 1];
    if (ofA !== ofB && ofA !== 1 && ofB !== 1) return undefined;
    const length = Math.max(ofA, ofB);
    shape.unshift(length);
    if (length === 1) continue;
    const [hasA, hasB] = [ofA !== 1, ofB !== 1];
    const run = runs.at(-1);
    if (run !== undefined && run.hasA === hasA && run.hasB === hasB) run.length *= length;
    else runs.push({ length, hasA, hasB });
  }
  if (runs.length > 3) return undefined;
  let [nextA, nextB] = [1, 1];
  const [column, row, outer] = [0, 1, 2].map((i) => {
    const { length, hasA, hasB } = runs[i] ?? { length: 1, hasA: i === 0, hasB: i === 0 };
    const digit = { length, a: hasA ? nextA : 0, b: hasB ? nextB : 0 };
    if (hasA) nextA *= length;
    if (hasB) nextB *= length;
    return digit;
  }) as [Digit, Digit, Digit];
  return {
    shape,
    words: [row.length, column.length, outer.a, row.a, column.a, outer.b, row.b, column.b],
  };
}

interface Digit {
  readonly length: number;
  readonly a: number;
  readonly b: number;
}
