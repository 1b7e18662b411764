import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as tf from '../../tf.ts';
import { beginOnWasm, levels, readBinaries } from '../cases/binaryCases.ts';
import { installKernels } from '../install.ts';

interface Stored {
  readonly shape: number[];
  readonly values: readonly number[];
}

interface GoldenCase {
  readonly op: 'conv2d' | 'depthwise' | 'convTranspose2d' | 'maxPool' | 'avgPool';
  readonly options: {
    readonly strides: [number, number];
    readonly dilations?: [number, number];
    readonly padding?: [number, number, number, number];
    readonly window?: [number, number];
    readonly pad?: number;
  };
  readonly x: Stored;
  readonly dy: Stored;
  readonly y: Stored;
  readonly dx: Stored;
  readonly filter?: Stored;
  readonly dFilter?: Stored;
}

const file = new URL('./golden/convolution.json', import.meta.url);
const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { cases: GoldenCase[] };
const binaryOf = readBinaries();
beginOnWasm();

/** In what part of one the stored integers count; averages are stored as they are. */
const UNITS = { conv2d: 256, depthwise: 256, convTranspose2d: 256, maxPool: 16, avgPool: 1 };

describe.each(levels)('the %s binary', (level) => {
  test.each(cases.map((golden, i) => ({ name: `${golden.op} ${i}`, golden })))(
    'computes what PyTorch computes: $name',
    async ({ golden }) => {
      await installKernels(binaryOf(level));
      const unit = UNITS[golden.op];
      const [y, ...gradients] = tf.tidy(() => {
        const inputs = [golden.x, golden.filter].flatMap((stored) => (stored ? [tensorOf(stored, 16)] : []));
        const f = (...xs: tf.Tensor[]) => operation(golden, xs);
        const all = [f(...inputs), ...tf.grads(f)(inputs, tensorOf(golden.dy, 16))];
        return all.map((tensor) => ({ shape: tensor.shape, values: [...tensor.dataSync()] }));
      });
      const expected = [golden.y, golden.dx, ...(golden.dFilter ? [golden.dFilter] : [])];
      [y, ...gradients].forEach((actual, i) => {
        const wanted = expected[i] as Stored;
        expect(actual?.shape).toEqual(wanted.shape);
        // Sixteenths: their products and sums are exact, whatever the order.
        if (golden.op !== 'avgPool') expect(actual?.values.map((value) => value * unit + 0)).toEqual(wanted.values);
        else actual?.values.forEach((value, j) => void expect(value).toBeCloseTo(wanted.values[j] as number, 6));
      });
      expect(gradients).toHaveLength(expected.length - 1);
    },
  );
});

function tensorOf({ shape, values }: Stored, unit: number): tf.Tensor {
  return tf.tensor(
    values.map((value) => value / unit),
    shape,
  );
}

function operation({ op, options, y }: GoldenCase, [input, second]: tf.Tensor[]): tf.Tensor {
  const { strides, dilations, window = [1, 1], pad = 0 } = options;
  const [top, bottom, left, right] = options.padding ?? [0, 0, 0, 0];
  const padding: tf.backend_util.ExplicitPadding = [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
  const [x, filter] = [input as tf.Tensor4D, second as tf.Tensor4D];
  switch (op) {
    case 'conv2d':
      return tf.conv2d(x, filter, strides, padding, 'NHWC', dilations);
    case 'depthwise':
      // The kernel that layers run: tfjs refuses gradients of dilated depthwise convolutions.
      return tf.engine().runKernel(tf.FusedDepthwiseConv2D, { x, filter }, {
        strides,
        pad: padding,
        dataFormat: 'NHWC',
        dilations,
        activation: 'linear',
      } as unknown as tf.NamedAttrMap) as tf.Tensor;
    case 'convTranspose2d':
      return tf.conv2dTranspose(x, filter, y.shape as [number, number, number, number], strides, pad);
    // Declared without explicit padding, which it takes all the same.
    case 'maxPool':
      return tf.maxPool(x, window, strides, padding as unknown as number);
    // As a number: the gradient of explicit paddings is left to tfjs, which counts the padding.
    case 'avgPool':
      return tf.avgPool(x, window, strides, top);
  }
}
