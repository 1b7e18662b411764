import type { NdArray } from '../../core/shape.ts';
import { mean } from '../../core/stats.ts';
import { classMeans } from '../prototypes/classMeans.ts';
import type { LinearHead } from './headScaling.ts';

/**
 * The class with the nearest mean, as a linear head: −‖x − μ‖² is 2 μ·x − ‖μ‖² and a part that is the same for all classes.
 * Distances are measured from the mean of the means, which changes no answer and rounds less.
 * Shapes    features [N, F], labels [N], each class with an example → weights [F, C], bias [C]
 * Source    Snell, Swersky, Zemel 2017, "Prototypical Networks", arXiv:1703.05175, §2.4, eq. 8
 */
export function prototypeHead(features: NdArray, labels: Int32Array, classes: number): LinearHead {
  const { means } = classMeans(features, labels, classes);
  const width = features.shape[1] as number;
  const centre = Float64Array.from({ length: width }, (_, f) => mean(means.map((one) => one[f] as number)));
  const weights = new Float32Array(width * classes);
  const bias = new Float64Array(classes);
  for (const [c, own] of means.entries()) {
    for (let f = 0; f < width; f++) {
      const from = (own[f] as number) - (centre[f] as number);
      weights[f * classes + c] = 2 * from;
      bias[c] = (bias[c] as number) - from * (from + 2 * (centre[f] as number));
    }
  }
  return { weights, bias: Float32Array.from(bias) };
}

/** features [N, F] · weights + bias → [N, C], in double precision. */
export function applyHead({ data, shape }: NdArray, { weights, bias }: LinearHead): NdArray {
  const [count = 0, width = 0] = shape;
  const classes = bias.length;
  const logits = new Float32Array(count * classes);
  const row = new Float64Array(classes);
  for (let i = 0; i < count; i++) {
    row.set(bias);
    for (let f = 0; f < width; f++) {
      const x = data[i * width + f] as number;
      for (let c = 0; c < classes; c++) row[c] = (row[c] as number) + x * (weights[f * classes + c] as number);
    }
    logits.set(row, i * classes);
  }
  return { data: logits, shape: [count, classes] };
}
