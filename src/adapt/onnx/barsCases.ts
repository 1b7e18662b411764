// Bars of three kinds, and a small model that was made for other things. Only tests import this file.
import { seededRandom } from '../../core/random.ts';
import { fromArrays } from '../../data/arrays.ts';
import type { LabelledDataset } from '../../data/dataset.ts';
import { floats, modelOf, node, value } from '../../onnx/cases/tinyCases.ts';
import { writeModel } from '../../onnx/model.ts';

export const SIDE = 6;
const wave = (count: number, seed: number) => Array.from({ length: count }, (_, i) => Math.sin(1.7 * i + seed));

/** Two classes of its own: images [B, 1, 6, 6] → convolution → relu → mean → y [B, 2]. */
export const barsModel = writeModel(
  modelOf({
    input: [value('image', ['B', 1, SIDE, SIDE])],
    output: [value('y', ['B', 2])],
    initializer: [floats('kernels', [6, 1, 3, 3], wave(54, 1)), floats('w', [6, 2], wave(12, 3))],
    node: [
      node('Conv', ['image', 'kernels'], ['conv']),
      node('Relu', ['conv'], ['maps']),
      node('GlobalAveragePool', ['maps'], ['pooled']),
      node('Flatten', ['pooled'], ['row']),
      node('Gemm', ['row', 'w'], ['y']),
    ],
  }),
);

/** Bars: lying, standing, or slanting, at some place, with noise. */
export function bars(count: number, seed: number): { data: LabelledDataset; pixels: Float32Array; labels: Int32Array } {
  const random = seededRandom(seed);
  const labels = Int32Array.from({ length: count }, (_, i) => i % 3);
  const pixels = Float32Array.from({ length: count * SIDE * SIDE }, () => 0.2 * random());
  for (const [i, label] of labels.entries()) {
    const at = 1 + Math.floor(4 * random());
    for (let k = 0; k < SIDE; k++) {
      const [y, x] = label === 0 ? [at, k] : label === 1 ? [k, at] : [k, (k + at) % SIDE];
      pixels[i * SIDE * SIDE + y * SIDE + x] = 1;
    }
  }
  return { data: fromArrays({ data: pixels, shape: [count, SIDE, SIDE, 1] }, labels), pixels, labels };
}

/** The same bars, dark on light. */
export function inverted(count: number, seed: number) {
  const { pixels, labels } = bars(count, seed);
  const dark = pixels.map((one) => 1 - one);
  return { data: fromArrays({ data: dark, shape: [count, SIDE, SIDE, 1] }, labels), pixels: dark, labels };
}
