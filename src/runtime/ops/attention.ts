import { LimbeckError } from '../../core/errors.ts';
import { formatShape } from '../../core/shape.ts';
import { fitsAttention } from '../kernels/matmul/attention.ts';
import type { Tensor } from '../tf.ts';
import type { Tf } from '../tfNamespace.ts';
import { hasKernelOf } from './hasKernel.ts';

/** How attention is split into heads, and which positions attend to which. */
export interface AttentionOptions {
  /** Into how many equal parts the last axis is split. */
  readonly heads: number;
  /** Added to the scores; broadcast to [B, H, T, S]. A constant: no gradient reaches it. */
  readonly mask?: Tensor;
  /** Whether position i sees only the positions up to i. Default false. */
  readonly isCausal?: boolean;
  /** Factor of the scores. Default 1 / √D. */
  readonly scale?: number;
}

/**
 * Scaled dot-product attention: tf.softmax(q kᵀ · scale + mask) v for each head, heads side by side in the last axis.
 * Shapes    query [B, T, H·D], key, value [B, S, H·D] → [B, T, H·D]
 * Gradient  reaches query, key and value
 * Throws    shape-mismatch: the three do not agree, or the last axis is not a multiple of the heads
 * Source    Vaswani et al. 2017, §3.2.1, arXiv:1706.03762
 */
export function attention(tf: Tf, query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions): Tensor {
  const { heads, mask, isCausal = false } = options;
  checkShapes(query, key, value, heads);
  const { scale = 1 / Math.sqrt((query.shape[2] as number) / heads) } = options;
  const isWhole = mask === undefined || (mask.rank <= 4 && mask.shape.at(-1) === key.shape[1]);
  const tensors = [query, key, value, ...(mask === undefined ? [] : [mask])];
  if (!isWhole || !hasKernelOf(tf, 'Attention', ...tensors) || !fitsAttention(query, key, value, heads)) {
    return composed(tf, query, key, value, { heads, mask, isCausal, scale });
  }
  const attrs = { heads, scale, isCausal };
  const fused = tf.customGrad((...call) => {
    const [q, k, v, save] = call as unknown as [Tensor, Tensor, Tensor, (saved: Tensor[]) => void];
    const inputs = { query: q, key: k, value: v, ...(mask === undefined ? {} : { mask }) };
    const [out, probs] = tf.engine().runKernel('Attention', inputs, attrs) as [Tensor, Tensor];
    save([q, k, v, probs]);
    return {
      value: out,
      gradFunc: (dy, saved) => {
        const [ofQuery, ofKey, ofValue, ofProbs] = saved as [Tensor, Tensor, Tensor, Tensor];
        const known = { query: ofQuery, key: ofKey, value: ofValue, probs: ofProbs, dy: dy as Tensor };
        return tf.engine().runKernel('AttentionGrad', known, attrs) as Tensor[];
      },
    };
  });
  return fused(query, key, value);
}

function checkShapes(query: Tensor, key: Tensor, value: Tensor, heads: number): void {
  const [batch, , all] = query.shape;
  const isAgreed = query.rank === 3 && key.rank === 3 && key.shape[0] === batch && key.shape[2] === all;
  if (isAgreed && value.shape.join() === key.shape.join() && (all as number) % heads === 0) return;
  const shapes = [query, key, value].map(({ shape }) => formatShape(shape));
  throw new LimbeckError(
    'shape-mismatch',
    `Attention with ${heads} heads needs query [B, T, H·D] and key and value [B, S, H·D]; got ${shapes.join(', ')}.`,
    { details: { shapes, heads } },
  );
}

/** Composed from tfjs operations: eight forward, some twenty backward. */
function composed(
  tf: Tf,
  query: Tensor,
  key: Tensor,
  value: Tensor,
  { heads, mask, isCausal, scale }: AttentionOptions & { readonly scale: number },
): Tensor {
  return tf.tidy(() => {
    const [batch, queries, all] = query.shape as [number, number, number];
    const keys = key.shape[1] as number;
    const [q, k, v] = [query, key, value].map((tensor) =>
      tf.transpose(tf.reshape(tensor, [batch, tensor.shape[1] as number, heads, all / heads]), [0, 2, 1, 3]),
    ) as [Tensor, Tensor, Tensor];
    let scores = tf.mul(tf.matMul(q, k, false, true), scale);
    if (mask !== undefined) scores = tf.add(scores, constant(tf, mask));
    if (isCausal === true) {
      const isSeen = tf.greaterEqual(tf.expandDims(tf.range(0, queries), 1), tf.expandDims(tf.range(0, keys), 0));
      scores = tf.where(isSeen, scores, tf.fill([1], Number.NEGATIVE_INFINITY));
    }
    const heard = tf.matMul(tf.softmax(scores), v);
    return tf.reshape(tf.transpose(heard, [0, 2, 1, 3]), [batch, queries, all]);
  });
}

function constant(tf: Tf, mask: Tensor): Tensor {
  return tf.customGrad((x) => ({ value: (x as Tensor).clone(), gradFunc: (dy) => tf.zerosLike(dy as Tensor) }))(mask);
}
