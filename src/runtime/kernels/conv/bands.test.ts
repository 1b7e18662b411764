import { describe, expect, test } from 'vitest';
import * as tf from '../../tf.ts';
import { beginOnWasm, readBinaries } from '../cases/binaryCases.ts';
import { installKernels } from '../install.ts';
import { bandsOf, paddedSize } from './bands.ts';

const binaryOf = readBinaries();
beginOnWasm();

/** Images and filters whose padded copy is larger than a band; PadV2 makes it outside for what they are compared with. */
const cases: readonly (readonly [string, number[], number[], number, number])[] = [
  ['rows of one image', [1, 700, 620, 24], [3, 3, 24, 2], 1, 1],
  ['rows, with strides', [1, 701, 620, 24], [5, 3, 24, 2], 2, 1],
  ['rows, dilated', [1, 700, 620, 24], [3, 3, 24, 1], 1, 3],
  ['some images at a time', [11, 200, 190, 24], [3, 3, 24, 1], 1, 1],
];

describe('convolutions in bands', () => {
  test.each(cases)(
    '%s: the bits of a convolution of the padded copy',
    async (_, shape, filterShape, stride, dilation) => {
      await installKernels(binaryOf('simd'));
      tf.tidy(() => {
        const wave = (lengths: number[], step: number) =>
          tf.sin(tf.mul(tf.reshape(tf.range(0, tf.util.sizeFromShape(lengths)), lengths), step));
        const [x, filter] = [wave(shape, 0.37), wave(filterShape, 1.3)] as [tf.Tensor4D, tf.Tensor4D];
        const info = tf.backend_util.computeConv2DInfo(x.shape, filter.shape, stride, dilation, 'same');
        const bands = bandsOf(info);
        expect(bands.length).toBeGreaterThan(1);
        expect(Math.max(...bands.map((band) => paddedSize(info, band).bytes))).toBeLessThanOrEqual(32 * 2 ** 20);
        const { top, bottom, left, right } = info.padInfo;
        const padded = tf.pad(x, [
          [0, 0],
          [top, bottom],
          [left, right],
          [0, 0],
        ]);
        const [inBands, whole] = [
          tf.conv2d(x, filter, stride, 'same', 'NHWC', dilation),
          tf.conv2d(padded as tf.Tensor4D, filter, stride, 'valid', 'NHWC', dilation),
        ].map((y) => new Int32Array(y.dataSync().slice().buffer)) as [Int32Array, Int32Array];
        expect(inBands.length).toBeGreaterThan(0);
        expect(Buffer.compare(Buffer.from(inBands.buffer), Buffer.from(whole.buffer))).toBe(0);
      });
    },
  );

  test('what fits is copied at once', () => {
    const info = tf.backend_util.computeConv2DInfo([32, 32, 32, 64], [3, 3, 64, 64], 1, 1, 'same');
    expect(bandsOf(info)).toEqual([{ image: 0, images: 32, row: 0, rows: 32 }]);
  });
});
