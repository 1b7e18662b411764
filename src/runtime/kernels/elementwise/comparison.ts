import { sizeOf } from '../../../core/shape.ts';
import { Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual, type TensorInfo } from '../../tf.ts';
import type { Kernel } from '../kernel.ts';
import { walkOf } from './binary.ts';

/** In the order in which `wasm/binary/compare.ts` numbers them, for floats first and then for whole numbers. */
const QUESTIONS = [Equal, NotEqual, Greater, GreaterEqual, Less, LessEqual];
/** The first of them among the functions of `wasm/binary/index.ts`. */
const FIRST = 16;
const LARGEST_SIZE = 2 ** 28;

/**
 * Comparisons of two tensors, value by value, broadcast like sums.
 * Shapes    a, b [...] broadcast to each other → [...]
 * Units     both float32 or both int32 → bool
 * Throws    nothing: other dtypes, and broadcasts that change more than three times along the axes, fall back to tfjs
 * Source    tfjs Equal, NotEqual, Greater, GreaterEqual, Less, LessEqual
 */
export const comparison: readonly Kernel[] = QUESTIONS.map((kernelName, i) => ({
  kernelName,
  run({ backend, pool, address }, inputs) {
    const { a, b } = inputs as { a: TensorInfo; b: TensorInfo };
    if (!areNumbers(a, b)) return undefined;
    const walk = walkOf(a.shape, b.shape);
    if (walk === undefined) return undefined;
    const count = sizeOf(walk.shape);
    if (count >= LARGEST_SIZE) return undefined;
    const out = backend.makeOutput(walk.shape, 'bool');
    const op = FIRST + i + (a.dtype === 'int32' ? QUESTIONS.length : 0);
    pool.run('binary', [address(a), address(b), address(out), op, count, ...walk.words], count * 2);
    return out;
  },
}));

function areNumbers(...tensors: readonly TensorInfo[]): boolean {
  const [{ dtype }] = tensors as [TensorInfo];
  if (dtype !== 'float32' && dtype !== 'int32') return false;
  return tensors.every((tensor) => {
    const size = sizeOf(tensor.shape);
    return tensor.dtype === dtype && size > 0 && size < LARGEST_SIZE;
  });
}
