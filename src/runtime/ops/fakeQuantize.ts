import {
  abs,
  add,
  clipByValue,
  customGrad,
  div,
  equal,
  greater,
  greaterEqual,
  lessEqual,
  logicalAnd,
  max,
  maximum,
  min,
  minimum,
  mul,
  type NamedTensorMap,
  neg,
  reshape,
  round,
  slice1d,
  stack,
  sub,
  type Tensor,
  type Tensor1D,
  tidy,
  where,
} from '../tf.ts';
import { kernelOr } from './kernelOr.ts';

type Save = (tensors: Tensor[]) => void;

/**
 * Rounds values to the `levels` + 1 numbers that a quantized tensor of this range can hold, which include zero; values
 * outside the range are clipped. A range of only zero gives zeros.
 * Shapes    x [...], range [2] (least, most) → [...]
 * Units     `levels` is 255 for eight bits
 * Gradient  straight through to x if x rounds to within the range; none elsewhere, and none to the range
 * Numerics  ties go to the even number, as in ONNX QuantizeLinear and in PyTorch
 * Source    Jacob et al. 2018, §3.1, arXiv:1712.05877; Bengio, Léonard, Courville 2013, arXiv:1308.3432
 */
export function fakeQuantize(x: Tensor, range: Tensor, levels: number): Tensor {
  const quantize = customGrad((...[value, save]) => {
    const input = value as Tensor;
    (save as Save)([input, range]);
    return {
      value: kernelOr('FakeQuantize', { x: input, range }, { levels }, () => rounded(input, range, levels)),
      gradFunc: (dy: Tensor, [saved, of]: Tensor[]) =>
        kernelOr('FakeQuantizeGrad', { x: saved as Tensor, range: of as Tensor, dy }, { levels }, () =>
          passed(saved as Tensor, of as Tensor, dy, levels),
        ),
    };
  });
  return quantize(x);
}

/**
 * A moving range: the previous one, moved by 1 − momentum towards the minimum and maximum of x and zero. After the
 * range [0, 0], which means that nothing was seen, x gives its own range.
 * Shapes    x [...], range [2] → [2]
 * Units     momentum in [0, 1)
 * Gradient  none
 * Source    Jacob et al. 2018, §3.1, arXiv:1712.05877
 */
export function movingRange(x: Tensor, range: Tensor, momentum: number): Tensor {
  return kernelOr('MovingRange', { x, range }, { momentum }, () =>
    tidy(() => {
      const seen = stack([minimum(min(x), 0), maximum(max(x), 0)]);
      const moved = sub(range, mul(sub(range, seen), 1 - momentum));
      return where(equal(max(abs(range)), 0), seen, moved);
    }),
  );
}

/** Which weights share a range. */
export interface WeightGrid {
  /** Levels above zero: 127 for eight bits; there are as many below. */
  readonly levels: number;
  /** Output channels, and how many consecutive values belong to one: 1 if the channels are the last axis. */
  readonly channels: number;
  readonly inner: number;
  /** Whether each channel has its own range. */
  readonly isPerChannel: boolean;
}

/**
 * Rounds weights to what symmetric integers can hold, scaled to the largest weight. With `factors`, one for each
 * channel, weights are rounded as if multiplied by these, and returned without; a factor of 0 rounds nothing.
 * Shapes    weights [..., channels, inner], factors [channels] → as weights
 * Gradient  straight through to the weights: no weight is outside its range
 * Source    Krishnamoorthi 2018, §2.2 and §3.2, arXiv:1806.08342
 */
export function fakeQuantizeWeights(weights: Tensor, grid: WeightGrid, factors?: Tensor): Tensor {
  const quantize = customGrad((value) => {
    const x = value as Tensor;
    const inputs: NamedTensorMap = { x, ...(factors && { factors }) };
    return {
      value: kernelOr('FakeQuantizeWeights', inputs, { ...grid }, () => roundedWeights(x, grid, factors)),
      gradFunc: (dy: Tensor) => dy.clone(),
    };
  });
  return quantize(weights);
}

function rounded(x: Tensor, range: Tensor, levels: number): Tensor {
  return tidy(() => {
    const { scale, low, high } = gridOf(range, levels);
    return mul(minimum(maximum(round(div(x, scale)), low), high), scale);
  });
}

function passed(x: Tensor, range: Tensor, dy: Tensor, levels: number): Tensor {
  return tidy(() => {
    const { scale, low, high } = gridOf(range, levels);
    const steps = round(div(x, scale));
    return mul(dy, logicalAnd(greaterEqual(steps, low), lessEqual(steps, high)));
  });
}

/** The width of a step, and the numbers of steps from zero to either end. */
function gridOf(range: Tensor, levels: number) {
  const [least, most] = [0, 1].map((i) => reshape(slice1d(range as Tensor1D, i, 1), []));
  const [start, end] = [minimum(least as Tensor, 0), maximum(most as Tensor, 0)];
  const width = div(sub(end, start), levels);
  const scale = where(greater(width, 0), width, 1);
  const zero = clipByValue(round(div(neg(start), scale)), 0, levels);
  return { scale, low: neg(zero), high: sub(levels, zero) };
}

function roundedWeights(x: Tensor, { levels, channels, inner, isPerChannel }: WeightGrid, factors?: Tensor): Tensor {
  return tidy(() => {
    const grid = reshape(x, [-1, channels, inner]);
    const factor = factors && reshape(factors, [1, channels, 1]);
    const scaled = factor === undefined ? grid : mul(grid, factor);
    const most = isPerChannel ? max(abs(scaled), [0, 2], true) : max(abs(scaled));
    const width = div(most, levels);
    const scale = where(greater(width, 0), width, 1);
    const steps = mul(round(div(scaled, scale)), scale);
    if (factor === undefined) return reshape(steps, x.shape);
    const isZero = equal(factor, 0);
    return reshape(where(isZero, grid, div(steps, add(factor, isZero))), x.shape);
  });
}
