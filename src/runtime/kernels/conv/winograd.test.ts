import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../core/random.ts';
import * as tf from '../../tf.ts';
import { beginOnWasm, cutInto, levels, readBinaries } from '../cases/binaryCases.ts';
import { guardHeap } from '../cases/guardCases.ts';
import { installKernels, uninstallKernels } from '../install.ts';
import { isWinograd, isWinogradBackFilter, slideBack, slideOf } from './winograd.ts';

type Four = [number, number, number, number];
type Padding = 'same' | 'valid' | tf.backend_util.ExplicitPadding;

interface Case {
  readonly name: string;
  readonly x: Four;
  readonly outChannels: number;
  readonly pad: Padding;
}

const around = (top: number, bottom: number, left: number, right: number): Padding => [
  [0, 0],
  [top, bottom],
  [left, right],
  [0, 0],
];

/** Whole tiles and tiles over the edge, one panel and some, more channels than are added in a row, several chunks of tiles. */
const cases: readonly Case[] = [
  { name: 'whole tiles', x: [9, 8, 8, 16], outChannels: 16, pad: 'same' },
  { name: 'tiles over the edge', x: [4, 11, 15, 8], outChannels: 8, pad: 'same' },
  { name: 'no padding', x: [5, 14, 13, 12], outChannels: 24, pad: 'valid' },
  { name: 'padding on some sides', x: [8, 10, 15, 20], outChannels: 8, pad: around(2, 0, 1, 2) },
  { name: 'many channels', x: [9, 8, 8, 72], outChannels: 40, pad: 'same' },
];

const binaryOf = readBinaries();
beginOnWasm();
describe.each(levels)('the %s binary', (level) => {
  test.each(cases)('errs at most four times as much as the direct form: $name', async (each) => {
    await installKernels(binaryOf(level));
    const given = operandsOf(each);
    expect(chosen(given)).toEqual([true, true, true]);
    const fast = results(given);
    const direct = directly(given);
    const exact = inDoubles(given);
    exact.forEach((wanted, i) => {
      const [fastError, directError] = [fast[i], direct[i]].map((values) => errorOf(values as Float32Array, wanted));
      expect((fastError as number) / (directError as number)).toBeLessThan(4);
      expect(fastError, 'another form was taken').not.toBe(directError);
    });
  });

  test('gives the same bits when its work is cut into parts', async () => {
    const given = operandsOf(cases[1] as Case);
    await installKernels(binaryOf(level));
    const whole = results(given);
    uninstallKernels();
    cutInto([3, 0, 4, 2, 1]);
    await installKernels(binaryOf(level));
    expect(results(given)).toEqual(whole);
  });

  test('gives an image the same bits in a batch and alone', async () => {
    await installKernels(binaryOf(level));
    const given = operandsOf(cases[1] as Case);
    const [together] = results(given);
    const { x, shape } = given;
    const size = x.length / shape[0];
    const alone = Array.from({ length: shape[0] }, (_, i) => {
      const one = { ...given, x: x.slice(i * size, (i + 1) * size), shape: [1, ...shape.slice(1)] as Four };
      return [...(forwardOf(one) as Float32Array)];
    });
    expect(alone.flat()).toEqual([...(together as Float32Array)]);
  });

  test('ends with bias and activation as the direct form does', async () => {
    await installKernels(binaryOf(level));
    const given = operandsOf(cases[2] as Case);
    const bias = Float32Array.from({ length: given.filterShape[3] }, (_, i) => Math.sin(i));
    const [plain, ended] = tf.tidy(() => {
      const [x, filter] = tensorsOf(given);
      const y = tf.conv2d(x, filter, 1, 'valid');
      const fused = tf.fused.conv2d({
        x,
        filter,
        strides: 1,
        pad: 'valid',
        bias: tf.tensor1d(bias),
        activation: 'relu6',
      });
      return [y, fused].map((tensor) => tensor.dataSync().slice());
    });
    const wanted = plain?.map((value, i) =>
      Math.min(6, Math.max(0, Math.fround(value + (bias[i % bias.length] as number)))),
    );
    expect(ended).toEqual(wanted);
    expect(new Set(ended).size).toBeGreaterThan(100);
  });

  test('writes its output only, all of it, and reads nothing beside its inputs', async () => {
    const guards = guardHeap();
    await installKernels(binaryOf(level));
    for (const each of cases) {
      const given = operandsOf(each);
      for (const values of results(given)) expect(values.every(Number.isFinite)).toBe(true);
    }
    uninstallKernels();
    expect(guards.broken).toEqual([]);
    expect(guards.live()).toBe(0);
  });
});

describe('the choice', () => {
  test.each<readonly [string, Four, Four, number, number, boolean]>([
    ['a stride', [8, 16, 16, 16], [3, 3, 16, 16], 2, 1, false],
    ['dilated taps', [8, 16, 16, 16], [3, 3, 16, 16], 1, 2, false],
    ['another filter', [8, 16, 16, 16], [5, 5, 16, 16], 1, 1, false],
    ['colours', [8, 32, 32, 3], [3, 3, 3, 16], 1, 1, false],
    ['channels that are no multiple of four', [8, 16, 16, 18], [3, 3, 18, 16], 1, 1, false],
    ['images of one tile', [99, 4, 4, 32], [3, 3, 32, 32], 1, 1, false],
    ['tiles that are half empty', [99, 5, 5, 16], [3, 3, 16, 16], 1, 1, false],
    ['a large filter for small images', [1, 8, 8, 256], [3, 3, 256, 256], 1, 1, false],
    ['an edge of one pixel', [1, 13, 13, 16], [3, 3, 16, 32], 1, 1, true],
    ['what a residual network has', [1, 8, 8, 64], [3, 3, 64, 64], 1, 1, true],
  ])('%s', (_, x, filter, stride, dilation, isTaken) => {
    const info = tf.backend_util.computeConv2DInfo(x, filter, stride, dilation, 'same');
    expect(isWinograd(info, slideOf(info))).toBe(isTaken);
  });

  test('the gradient of a filter asks for tiles of the whole batch', () => {
    const infoOf = (batch: number) =>
      tf.backend_util.computeConv2DInfo([batch, 8, 8, 64], [3, 3, 64, 64], 1, 1, 'same');
    expect([1, 7, 8, 32].map((batch) => isWinogradBackFilter(infoOf(batch)))).toEqual([false, false, true, true]);
  });
});

interface Operands {
  readonly shape: Four;
  readonly filterShape: Four;
  readonly outShape: Four;
  readonly x: Float32Array;
  readonly filter: Float32Array;
  readonly dy: Float32Array;
  readonly pad: Padding;
  readonly info: tf.backend_util.Conv2DInfo;
}

function operandsOf({ x: shape, outChannels, pad }: Case): Operands {
  const filterShape: Four = [3, 3, shape[3], outChannels];
  const info = tf.backend_util.computeConv2DInfo(shape, filterShape, 1, 1, pad);
  const outShape = info.outShape as Four;
  const random = seededRandom(shape[3] + outChannels);
  const drawn = (lengths: Four, scale: number) =>
    Float32Array.from({ length: tf.util.sizeFromShape(lengths) }, () => scale * (2 * random() - 1));
  const x = drawn(shape, 1).map((value) => Math.max(0, value));
  const filter = drawn(filterShape, 1 / Math.sqrt(3 * shape[3]));
  return { shape, filterShape, outShape, x, filter, dy: drawn(outShape, 0.05), pad, info };
}

function chosen({ info }: Operands): boolean[] {
  return [isWinograd(info, slideOf(info)), isWinograd(info, slideBack(info)), isWinogradBackFilter(info)];
}

function tensorsOf({ x, shape, filter, filterShape, dy, outShape }: Operands): [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D] {
  return [tf.tensor4d(x, shape), tf.tensor4d(filter, filterShape), tf.tensor4d(dy, outShape)];
}

function forwardOf(given: Operands): Float32Array {
  return tf.tidy(() => {
    const [x, filter] = tensorsOf(given);
    return tf.conv2d(x, filter, 1, given.pad).dataSync().slice() as Float32Array;
  });
}

/** The convolution and its gradients with respect to input and filter. */
function results(given: Operands): Float32Array[] {
  const gradients = tf.tidy(() => {
    const [x, filter, dy] = tensorsOf(given);
    const convolve = (...xs: tf.Tensor[]) => tf.conv2d(xs[0] as tf.Tensor4D, xs[1] as tf.Tensor4D, 1, given.pad);
    return tf
      .grads(convolve)([x, filter], dy)
      .map((tensor) => tensor.dataSync().slice() as Float32Array);
  });
  return [forwardOf(given), ...gradients];
}

/** The same with a ring of zeros around the filter: 5 × 5 taps, which only the direct form takes. */
function directly(given: Operands): Float32Array[] {
  const { info, filterShape } = given;
  const { top, bottom, left, right } = info.padInfo;
  const pad = around(top + 1, bottom + 1, left + 1, right + 1);
  return tf.tidy(() => {
    const [x, filter, dy] = tensorsOf(given);
    const ringed = tf.pad(
      filter,
      [1, 1, 0, 0].map((zeros) => [zeros, zeros] as [number, number]),
    );
    const convolve = (...xs: tf.Tensor[]) => tf.conv2d(xs[0] as tf.Tensor4D, xs[1] as tf.Tensor4D, 1, pad);
    const [dx, dFilter] = tf.grads(convolve)([x, ringed], dy) as [tf.Tensor, tf.Tensor];
    return [convolve(x, ringed), dx, tf.slice(dFilter, [1, 1, 0, 0], filterShape)].map(
      (tensor) => tensor.dataSync().slice() as Float32Array,
    );
  });
}

function inDoubles({ shape, filterShape, outShape, x, filter, dy, info }: Operands): Float64Array[] {
  const [images, height, width, channels] = shape;
  const [, outHeight, outWidth, outChannels] = outShape;
  const { top, left } = info.padInfo;
  const y = new Float64Array(dy.length);
  const dx = new Float64Array(x.length);
  const dFilter = new Float64Array(filter.length);
  for (let pixel = 0; pixel < images * outHeight * outWidth; pixel++) {
    const image = Math.floor(pixel / (outHeight * outWidth));
    for (let tap = 0; tap < 9; tap++) {
      const row = (Math.floor(pixel / outWidth) % outHeight) + Math.floor(tap / 3) - top;
      const column = (pixel % outWidth) + (tap % 3) - left;
      if (row < 0 || column < 0 || row >= height || column >= width) continue;
      for (let c = 0; c < channels; c++) {
        const from = ((image * height + row) * width + column) * channels + c;
        const weights = (tap * channels + c) * filterShape[3];
        let sum = 0;
        for (let k = 0; k < outChannels; k++) {
          const weight = filter[weights + k] as number;
          const slope = dy[pixel * outChannels + k] as number;
          (y[pixel * outChannels + k] as number) += (x[from] as number) * weight;
          (dFilter[weights + k] as number) += (x[from] as number) * slope;
          sum += weight * slope;
        }
        (dx[from] as number) += sum;
      }
    }
  }
  return [y, dx, dFilter];
}

function errorOf(values: Float32Array, wanted: Float64Array): number {
  expect(values.length).toBe(wanted.length);
  return Math.sqrt(values.reduce((sum, value, i) => sum + (value - (wanted[i] as number)) ** 2, 0) / wanted.length);
}
