import { logProbsOf } from '../../core/logProbs.ts';
import type { NdArray } from '../../core/shape.ts';
import type { HeadProblem } from './solveHead.ts';

/** Examples that a last layer learns from, the person's own first, then those that are replayed. */
export interface HeadLesson {
  /** What the base says of them, [N, C]. */
  readonly logits: NdArray;
  /** [N] */
  readonly labels: Int32Array;
  readonly size: number;
  readonly own: number;
  /** Weight of the base's answers, where labels have 1. */
  readonly formerWeight: number;
}

/** λ of λ/2 ‖ΔW‖² for features of a length of about 1. */
export const HEAD_L2 = 0.03;
export const HEAD_ITERATIONS = 100;
/** The fraction of the first gradient at which it ends: on digits no answer changes after it. Judging needs less. */
export const NEAR = 0.01;
export const NEAR_TO_JUDGE = 0.05;

/** What each example should be called, and how much it counts: labels, and the base's answers. */
export function wantedAnswers({
  logits,
  labels,
  size,
  own,
  formerWeight,
}: HeadLesson): Pick<HeadProblem, 'targets' | 'weights'> {
  const classes = logits.shape[1] as number;
  const hasReplay = size > own;
  const weights = new Float64Array(size);
  const targets = logProbsOf(logits).map(Math.exp);
  for (let i = 0; i < size; i++) {
    const isReplayed = i >= own;
    const former = isReplayed || !hasReplay ? formerWeight : 0;
    for (let c = 0; c < classes; c++) {
      const label = c === labels[i] ? 1 : 0;
      const at = i * classes + c;
      targets[at] = (label + former * (targets[at] as number)) / (1 + former);
    }
    weights[i] = (isReplayed ? own / (size - own) : 1) * (1 + former);
  }
  return { targets, weights };
}
