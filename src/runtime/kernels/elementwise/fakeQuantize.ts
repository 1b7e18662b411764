import { sizeOf } from '../../../core/shape.ts';
import type { NamedTensorInfoMap, TensorInfo } from '../../tf.ts';
import { floatBits } from '../floatBits.ts';
import { isSupported, type Kernel } from '../kernel.ts';

const MOST_CHUNKS = 64;
const CHUNK_VALUES = 4096;

/**
 * The operations of quantization-aware training, in one pass each instead of some ten of tfjs's: values rounded by a
 * range, the gradient of that, a moving range, and weights rounded by their own ranges.
 * Shapes    x, dy [...], range [2] → [...]; x [...], range [2] → [2]; x [..., channels, inner], factors [channels] → [...]
 * Units     float32, rounded where and as tfjs's operations round in `ops/fakeQuantize.ts`
 * Throws    an error of tfjs where shapes or dtypes do not fit
 * Source    Jacob et al. 2018, §3, arXiv:1712.05877
 */
export const fakeQuantize: readonly Kernel[] = [
  {
    kernelName: 'FakeQuantize',
    run({ backend, pool, address }, inputs, attrs) {
      const { x, range } = inputs as NamedTensorInfoMap & { x: TensorInfo; range: TensorInfo };
      if (!isSupported(x, range) || sizeOf(range.shape) !== 2) return undefined;
      const out = backend.makeOutput(x.shape, 'float32');
      const count = sizeOf(x.shape);
      const levels = floatBits(Number(attrs?.['levels']));
      pool.run('fakeQuantize', [...[x, range, out].map(address), count, levels], count * 6);
      return out;
    },
  },
  {
    kernelName: 'FakeQuantizeGrad',
    run({ backend, pool, address }, inputs, attrs) {
      const { x, range, dy } = inputs as NamedTensorInfoMap & { x: TensorInfo; range: TensorInfo; dy: TensorInfo };
      const count = sizeOf(x.shape);
      if (!isSupported(x, range, dy) || sizeOf(range.shape) !== 2 || sizeOf(dy.shape) !== count) return undefined;
      const out = backend.makeOutput(x.shape, 'float32');
      const levels = floatBits(Number(attrs?.['levels']));
      pool.run('fakeQuantizeGrad', [...[x, range, out].map(address), count, levels, address(dy)], count * 6);
      return out;
    },
  },
  {
    kernelName: 'MovingRange',
    run({ backend, pool, address }, inputs, attrs) {
      const { x, range } = inputs as NamedTensorInfoMap & { x: TensorInfo; range: TensorInfo };
      if (!isSupported(x, range) || sizeOf(range.shape) !== 2) return undefined;
      const count = sizeOf(x.shape);
      const chunks = Math.min(MOST_CHUNKS, Math.ceil(count / CHUNK_VALUES));
      const out = backend.makeOutput(range.shape, 'float32');
      const decay = floatBits(1 - Number(attrs?.['momentum']));
      const words = [...[x, range, out].map(address), pool.scratch(chunks * 8), chunks, count, decay];
      pool.run('movingRange', words, count * 2);
      pool.run('movingRangeFinish', words, 0);
      return out;
    },
  },
  {
    kernelName: 'FakeQuantizeWeights',
    run({ backend, pool, address }, inputs, attrs) {
      const { x, factors } = inputs as NamedTensorInfoMap & { x: TensorInfo; factors?: TensorInfo };
      const [channels, inner, levels] = ['channels', 'inner', 'levels'].map((name) => attrs?.[name]);
      if (!isCount(channels) || !isCount(inner) || !isCount(levels)) return undefined;
      const size = sizeOf(x.shape);
      if (!isSupported(x, factors) || size % (channels * inner) !== 0) return undefined;
      if (factors !== undefined && sizeOf(factors.shape) !== channels) return undefined;
      const out = backend.makeOutput(x.shape, 'float32');
      const places = [address(x), factors === undefined ? 0 : address(factors), address(out)];
      const sizes = [size / (channels * inner), channels, inner, attrs?.['isPerChannel'] ? 1 : 0];
      pool.run('fakeQuantizeWeights', [...places, ...sizes, floatBits(levels)], size * 8);
      return out;
    },
  },
];

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 2 ** 31;
}
