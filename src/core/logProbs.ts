import type { NdArray } from './shape.ts';
import { argMax } from './stats.ts';

/**
 * log softmax(logits / temperature) over the last dimension, in double precision.
 * Shapes    logits [..., C] → as many values
 * Units     logits in (log-probabilities are logits too); nats out
 * Numerics  finite wherever the logits are; a row that holds NaN is NaN
 */
export function logProbsOf({ data, shape }: NdArray, temperature = 1): Float64Array {
  const classes = shape.at(-1) ?? 1;
  const logProbs = new Float64Array(data.length);
  for (let row = 0; row < data.length; row += classes) {
    const largest = (data[row + argMax(data, row, classes)] as number) / temperature;
    let sum = 0;
    for (let i = row; i < row + classes; i++) {
      logProbs[i] = (data[i] as number) / temperature - largest;
      sum += Math.exp(logProbs[i] as number);
    }
    const shift = Math.log(sum);
    for (let i = row; i < row + classes; i++) logProbs[i] = (logProbs[i] as number) - shift;
  }
  return logProbs;
}

/** The most likely class of each row and its probability, NaN if the row holds NaN. */
export interface TopClasses {
  readonly classes: Int32Array;
  readonly confidences: Float64Array;
}

export function topClassesOf(logProbs: Float64Array, classes: number): TopClasses {
  const count = logProbs.length / classes;
  const top: TopClasses = { classes: new Int32Array(count), confidences: new Float64Array(count) };
  for (let i = 0; i < count; i++) {
    const best = argMax(logProbs, i * classes, classes);
    top.classes[i] = best;
    top.confidences[i] = Math.exp(logProbs[i * classes + best] as number);
  }
  return top;
}
