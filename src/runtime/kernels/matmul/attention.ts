import { sizeOf } from '../../../core/shape.ts';
import type { NamedAttrMap, TensorInfo } from '../../tf.ts';
import { floatBits } from '../floatBits.ts';
import { isSupported, type Kernel, type KernelContext } from '../kernel.ts';

/** The attributes of both kernels. */
interface AttentionAttrs {
  readonly heads: number;
  readonly scale: number;
  readonly isCausal: boolean;
}

/**
 * Scaled dot-product attention of several heads, and its gradient. `ops/attention.ts` asks for both.
 * Shapes    query [B, T, H·D], key, value [B, S, H·D], mask broadcast to [B, H, T, S] → [B, T, H·D], probs [B, H, T, S];
 *           backwards dy [B, T, H·D] → dq, dk, dv
 * Units     float32; the mask is added to the scores
 * Throws    nothing; the caller composes what `fitsAttention` refuses
 * Source    Vaswani et al. 2017, §3.2.1, arXiv:1706.03762
 */
export const attention: readonly Kernel[] = [
  {
    kernelName: 'Attention',
    run(context, inputs, attrs) {
      const { query, key, value, mask } = inputs as Record<'query' | 'key' | 'value', TensorInfo> & {
        mask?: TensorInfo;
      };
      const { heads, isCausal } = attrs as unknown as AttentionAttrs;
      const [batch, queries] = query.shape as [number, number, number];
      const keys = key.shape[1] as number;
      const ofMask = maskWords(context, mask, [batch, heads, queries, keys]);
      if (!fitsAttention(query, key, value, heads) || ofMask === undefined) return undefined;
      const { backend, pool, address } = context;
      const out = backend.makeOutput(query.shape, 'float32');
      const probs = backend.makeOutput([batch, heads, queries, keys], 'float32');
      const words = [...sharedWords(context, { query, key, value, probs }, attrs), address(out), isCausal ? 1 : 0];
      pool.run('attention', [...words, ...ofMask], 2 * keys * sizeOf(query.shape));
      return [out, probs];
    },
  },
  {
    kernelName: 'AttentionGrad',
    run(context, inputs, attrs) {
      const { dy, ...saved } = inputs as Record<'query' | 'key' | 'value' | 'probs' | 'dy', TensorInfo>;
      const { query, key, value } = saved;
      const { heads, isCausal } = attrs as unknown as AttentionAttrs;
      if (!fitsAttention(query, key, value, heads)) return undefined;
      const scores = (sizeOf(query.shape) / (query.shape[2] as number)) * heads * (key.shape[1] as number);
      if (!isSupported(dy, saved.probs) || sizeOf(dy.shape) !== sizeOf(query.shape)) return undefined;
      if (sizeOf(saved.probs.shape) !== scores) return undefined;
      const { backend, pool, address } = context;
      const gradients = [query, key, value].map(({ shape }) => backend.makeOutput(shape, 'float32'));
      const tensors = [dy, ...gradients];
      const words = [...sharedWords(context, saved, attrs), ...tensors.map(address), isCausal ? 1 : 0];
      pool.run('attentionGrad', words, 4 * (key.shape[1] as number) * sizeOf(query.shape));
      return gradients;
    },
  },
];

/** A thread's scratch has room for two packed operands of a head (in values), and rows of this width. */
const MOST_PACKED = 2 ** 16;
const MOST_WIDTH = 256;
/** A panel of six rows over all keys fits too. */
const MOST_KEYS = 4096;

/** Whether shapes agree and a head fits a thread's scratch. */
export function fitsAttention(query: TensorInfo, key: TensorInfo, value: TensorInfo, heads: number): boolean {
  if (!isSupported(query, key, value) || query.shape.length !== 3 || key.shape.length !== 3) return false;
  const [batch, , all] = query.shape as [number, number, number];
  const [keyBatch, keys, keyAll] = key.shape as [number, number, number];
  const width = all / heads;
  if (keyBatch !== batch || keyAll !== all || value.shape.join() !== key.shape.join()) return false;
  if (
    !Number.isInteger(heads) ||
    heads < 1 ||
    !Number.isInteger(width) ||
    width > MOST_WIDTH ||
    keys * width * 2 > 2 ** 28
  )
    return false;
  return keys <= MOST_KEYS && toPanels(keys) * width + keys * toPanels(width) <= MOST_PACKED;
}

function toPanels(columns: number): number {
  return Math.ceil(columns / 8) * 8;
}

function sharedWords(
  { address }: KernelContext,
  { query, key, value, probs }: Record<'query' | 'key' | 'value' | 'probs', TensorInfo>,
  attrs: NamedAttrMap | undefined,
): number[] {
  const { heads, scale } = attrs as unknown as AttentionAttrs;
  const [batch, queries, all] = query.shape as [number, number, number];
  const lengths = [batch, heads, queries, key.shape[1] as number, all / heads];
  return [address(query), address(key), address(value), ...lengths, floatBits(scale), address(probs)];
}

/** Address and strides of a mask that is broadcast to the scores, or `undefined` if its rows are not complete. */
function maskWords({ address }: KernelContext, mask: TensorInfo | undefined, scores: number[]): number[] | undefined {
  if (mask === undefined) return [0, 0, 0, 0];
  if (!isSupported(mask) || mask.shape.length > 4) return undefined;
  const shape = [...Array.from({ length: 4 - mask.shape.length }, () => 1), ...mask.shape];
  if (shape[3] !== scores[3] || shape.some((length, i) => length !== 1 && length !== scores[i])) return undefined;
  const [batch, heads, rows, keys] = shape as [number, number, number, number];
  const strides = [heads * rows * keys, rows * keys, keys];
  return [address(mask), ...[batch, heads, rows].map((length, i) => (length === 1 ? 0 : (strides[i] as number)))];
}
