import type { NdArray } from '../../core/shape.ts';
import type { LinearHead } from './headScaling.ts';

/**
 * The class with the nearest mean, as a linear head: −‖x − μ‖² is 2 μ·x − ‖μ‖² and a part that is the same for all classes.
 * Distances are measured from the mean of the means, which changes no answer and rounds less.
 * Shapes    features [N, F], labels [N], each class with an example → weights [F, C], bias [C]
 * Source    Snell, Swersky, Zemel 2017, "Prototypical Networks", arXiv:1703.05175, §2.4, eq. 8
 */
export function prototypeHead({ data, shape }: NdArray, labels: Int32Array, classes: number): LinearHead {
  const width = shape[1] as number;
  const counts = new Float64Array(classes);
  for (const label of labels) counts[label] = (counts[label] as number) + 1;
  const means = new Float64Array(classes * width);
  const centre = new Float64Array(width);
  for (let i = 0; i < data.length; i++) {
    const [label, f] = [labels[Math.floor(i / width)] as number, i % width];
    const part = (data[i] as number) / (counts[label] as number);
    means[label * width + f] = (means[label * width + f] as number) + part;
    centre[f] = (centre[f] as number) + part / classes;
  }
  const weights = new Float32Array(width * classes);
  const bias = new Float64Array(classes);
  for (let c = 0; c < classes; c++) {
    for (let f = 0; f < width; f++) {
      const from = (means[c * width + f] as number) - (centre[f] as number);
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
