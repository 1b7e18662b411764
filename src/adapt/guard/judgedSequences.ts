import { logProbsOf } from '../../core/logProbs.ts';
import type { NdArray } from '../../core/shape.ts';
import { ctcLogProb } from '../../core/text/ctcLogProb.ts';
import type { GainedAndLost } from '../../train/paired.ts';
import type { LessonSequences } from '../examples.ts';
import { readingsOf, sequenceAt } from '../sequences.ts';

/** How many sequences only the later of two models reads without an error, and how many only the earlier. */
export function pairsOfSequences(before: NdArray, after: NdArray, sequences: LessonSequences): GainedAndLost {
  const readBy = (logits: NdArray) =>
    readingsOf(logits, sequences.blank).map((read, i) => read.join() === sequenceAt(sequences, i).join());
  const [was, is] = [readBy(before), readBy(after)];
  return {
    gained: is.filter((isRight, i) => isRight && !was[i]).length,
    lost: was.filter((isRight, i) => isRight && !is[i]).length,
  };
}

/** The log-likelihood of all sequences, in nats. Shapes    logits [N, T, C] → a sum over N */
export function likelihoodOfSequences(logits: NdArray, sequences: LessonSequences): number {
  const [count = 0, time = 0, classes = 0] = logits.shape;
  const logProbs = logProbsOf(logits);
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const steps = { offset: i * time * classes, time, classes, blank: sequences.blank };
    sum += ctcLogProb(logProbs, steps, sequenceAt(sequences, i));
  }
  return sum;
}
