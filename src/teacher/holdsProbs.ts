import type { NdArray } from '../core/shape.ts';
import { isTagged } from '../core/tags.ts';

/** What answers over classes are: logits, which log-probabilities are too, or probabilities. */
export type GivenAnswers = 'logits' | 'probs';

/** How far from 1 the sum of a row may be: as far as halves bring it. */
const TOLERANCE = 1e-3;

/**
 * Whether an array holds probabilities of classes: none is negative, and those of each row add up to 1. A row is what lies
 * along the last axis or, of maps [B, C, H, W], along the second. A single class says nothing.
 * Shapes    [B, …, C] or [B, C, H, W]
 */
export function holdsProbs({ data, shape }: NdArray): boolean {
  if (!isTagged(data, 'Float32Array') || data.length === 0 || shape.length < 2) return false;
  if (data.some((value) => !(value >= 0 && value <= 1 + TOLERANCE))) return false;
  const [, channels = 0, height = 0, width = 0] = shape;
  if (addUp(data, shape.at(-1) as number, 1)) return true;
  return shape.length === 4 && addUp(data, channels, height * width);
}

/** Whether `classes` values that lie `stride` apart add up to 1, everywhere. */
function addUp(data: Float32Array, classes: number, stride: number): boolean {
  if (classes < 2) return false;
  for (let from = 0; from < data.length; from += classes * stride) {
    for (let inner = 0; inner < stride; inner++) {
      let sum = 0;
      for (let c = 0; c < classes; c++) sum += data[from + c * stride + inner] as number;
      if (Math.abs(sum - 1) > TOLERANCE) return false;
    }
  }
  return true;
}
