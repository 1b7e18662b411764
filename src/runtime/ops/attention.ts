import { LimbeckError } from '../../core/errors.ts';
import { formatShape } from '../../core/shape.ts';
import { fitsAttention } from '../kernels/attention.ts';
import {
  add,
  customGrad,
  engine,
  expandDims,
  fill,
  greaterEqual,
  matMul,
  mul,
  range,
  reshape,
  softmax,
  type Tensor,
  tidy,
  transpose,
  where,
  zerosLike,
} from '../tf.ts';
import { hasKernel } from './kernelOr.ts';

export interface AttentionOptions {
  /** Into how many equal runs the last axis is cut. */
  readonly heads: number;
  /** Added to the scores; broadcast to [B, H, T, S]. A constant: no gradient reaches it. */
  readonly mask?: Tensor;
  /** Whether position i sees the positions up to i only. Default false. */
  readonly isCausal?: boolean;
  /** What the scores are multiplied with. Default 1 / √D. */
  readonly scale?: number;
}

/**
 * Scaled dot-product attention: softmax(q kᵀ · scale + mask) v for each head, heads side by side in the last axis.
 * Shapes    query [B, T, H·D], key, value [B, S, H·D] → [B, T, H·D]
 * Gradient  reaches query, key and value
 * Throws    shape-mismatch: the three do not agree, or the last axis is no multiple of the heads
 * Source    Vaswani et al. 2017, §3.2.1, arXiv:1706.03762
 */
export function attention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions): Tensor {
  const { heads, mask, isCausal = false } = options;
  checkShapes(query, key, value, heads);
  const { scale = 1 / Math.sqrt((query.shape[2] as number) / heads) } = options;
  const isWhole = mask === undefined || (mask.rank <= 4 && mask.shape.at(-1) === key.shape[1]);
  const tensors = [query, key, value, ...(mask === undefined ? [] : [mask])];
  if (!isWhole || !hasKernel('Attention', ...tensors) || !fitsAttention(query, key, value, heads)) {
    return composed(query, key, value, { heads, mask, isCausal, scale });
  }
  const attrs = { heads, scale, isCausal };
  const fused = customGrad((...call) => {
    const [q, k, v, save] = call as unknown as [Tensor, Tensor, Tensor, (saved: Tensor[]) => void];
    const inputs = { query: q, key: k, value: v, ...(mask === undefined ? {} : { mask }) };
    const [out, probs] = engine().runKernel('Attention', inputs, attrs) as [Tensor, Tensor];
    save([q, k, v, probs]);
    return {
      value: out,
      gradFunc: (dy, saved) => {
        const [ofQuery, ofKey, ofValue, ofProbs] = saved as [Tensor, Tensor, Tensor, Tensor];
        const known = { query: ofQuery, key: ofKey, value: ofValue, probs: ofProbs, dy: dy as Tensor };
        return engine().runKernel('AttentionGrad', known, attrs) as Tensor[];
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

/** The same of tfjs operations: eight forward, some twenty backward. */
function composed(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  { heads, mask, isCausal, scale }: AttentionOptions & { readonly scale: number },
): Tensor {
  return tidy(() => {
    const [batch, queries, all] = query.shape as [number, number, number];
    const keys = key.shape[1] as number;
    const [q, k, v] = [query, key, value].map((tensor) =>
      transpose(reshape(tensor, [batch, tensor.shape[1] as number, heads, all / heads]), [0, 2, 1, 3]),
    ) as [Tensor, Tensor, Tensor];
    let scores = mul(matMul(q, k, false, true), scale);
    if (mask !== undefined) scores = add(scores, constant(mask));
    if (isCausal === true) {
      const isSeen = greaterEqual(expandDims(range(0, queries), 1), expandDims(range(0, keys), 0));
      scores = where(isSeen, scores, fill([1], Number.NEGATIVE_INFINITY));
    }
    const heard = matMul(softmax(scores), v);
    return reshape(transpose(heard, [0, 2, 1, 3]), [batch, queries, all]);
  });
}

function constant(mask: Tensor): Tensor {
  return customGrad((x) => ({ value: (x as Tensor).clone(), gradFunc: (dy) => zerosLike(dy as Tensor) }))(mask);
}
