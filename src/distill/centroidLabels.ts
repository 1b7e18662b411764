import { LimbeckError } from '../core/errors.ts';
import { unitRows } from '../core/rows.ts';
import { formatShape, type NdArray } from '../core/shape.ts';

/**
 * A class for each example by its nearest centroid (pseudo-labels of SHOT). Centroids are means of features weighted by the
 * student's probabilities, then once more the means of the examples nearest to each. Nearness is the cosine.
 * Shapes    features [N, D], probs [N, C] → labels [N]
 * Units     probabilities in, classes out
 * Throws    shape-mismatch
 * Source    Liang, Hu, Feng 2020 (SHOT), eq. 4 to 6, arXiv:2002.08546
 * Differs   as in the authors' code, features are scaled to length 1 before means are taken (the paper does not scale
 *           them); the 1 that their code appends to each is left out
 */
export function centroidLabels(features: NdArray, probs: NdArray): Int32Array {
  const [size = 0, length = 0] = features.shape;
  const [rows, classes = 0] = probs.shape;
  if (features.shape.length !== 2 || probs.shape.length !== 2 || rows !== size) {
    throw new LimbeckError(
      'shape-mismatch',
      `centroidLabels needs features [N, D] and probabilities [N, C]; given ${formatShape(features.shape)} and ` +
        `${formatShape(probs.shape)}.`,
    );
  }
  const unit = unitRows(features);
  const first = nearest(
    unit,
    centersOf(unit, length, classes, (i, c) => probs.data[i * classes + c] as number),
    length,
  );
  const second = centersOf(unit, length, classes, (i, c) => (first[i] === c ? 1 : 0));
  return nearest(unit, second, length);
}

/** One centroid per class, of length 1; null for a class without examples. */
function centersOf(unit: Float64Array, length: number, classes: number, weightOf: (i: number, c: number) => number) {
  return Array.from({ length: classes }, (_, c) => {
    const center = new Float64Array(length);
    for (let i = 0; i * length < unit.length; i++) {
      const weight = weightOf(i, c);
      if (weight > 0)
        for (let f = 0; f < length; f++) center[f] = (center[f] as number) + weight * (unit[i * length + f] as number);
    }
    const norm = Math.sqrt(center.reduce((sum, value) => sum + value * value, 0));
    return norm > 0 ? center.map((value) => value / norm) : null;
  });
}

function nearest(unit: Float64Array, centers: readonly (Float64Array | null)[], length: number): Int32Array {
  return Int32Array.from({ length: unit.length / length }, (_, i) => {
    let best = 0;
    let most = Number.NEGATIVE_INFINITY;
    centers.forEach((center, c) => {
      if (center === null) return;
      let cosine = 0;
      for (let f = 0; f < length; f++) cosine += (center[f] as number) * (unit[i * length + f] as number);
      if (cosine > most) [best, most] = [c, cosine];
    });
    return best;
  });
}
