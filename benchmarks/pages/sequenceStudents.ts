// Students of sequences whose training steps are timed beside PyTorch's: attention that sees the past alone, the two recurrent cells, CTC.
import type { ReferenceStudent } from '../../src/bench/standardSet.ts';
import { perToken } from '../../src/losses/combination/perToken.ts';
import type { Loss } from '../../src/losses/loss.ts';
import { crossEntropy } from '../../src/losses/response/crossEntropy.ts';
import { ctc } from '../../src/losses/response/ctc.ts';
import { crnn } from '../../src/student/zoo/crnn.ts';
import { decoder } from '../../src/student/zoo/decoder.ts';
import { recurrentDecoder } from '../../src/student/zoo/recurrentDecoder.ts';

/** A student that learns a sequence for each example. */
export interface SequenceStudent extends ReferenceStudent {
  readonly loss: () => Loss;
  /** The length of what is learned for an example. */
  readonly labels: number;
  /** The lowest number that may be learned: CTC's blank is 0. */
  readonly lowest: number;
}

const [LENGTH, VOCABULARY] = [128, 64];
const tokens = { length: LENGTH, vocabulary: VOCABULARY };
const language = {
  shape: [LENGTH],
  batch: 16,
  classes: VOCABULARY,
  vocabulary: VOCABULARY,
  loss: () => perToken(crossEntropy()),
  labels: LENGTH,
  lowest: 0,
};

/** As `benchmarks/torchSteps.py` has them in PyTorch. */
export const sequenceStudents: Readonly<Record<string, SequenceStudent>> = {
  decoder: { ...language, make: () => decoder({ ...tokens, width: 128, heads: 4, hidden: 512, blocks: 2 }) },
  gru: { ...language, make: () => recurrentDecoder({ ...tokens, width: 128, units: 128, layers: 1 }) },
  lstm: { ...language, make: () => recurrentDecoder({ ...tokens, width: 128, units: 128, layers: 1, cell: 'lstm' }) },
  crnn: {
    make: () => crnn({ inputShape: [48, 256, 1] }),
    shape: [48, 256, 1],
    batch: 16,
    classes: 96,
    loss: () => ctc(),
    labels: 12,
    lowest: 1,
  },
};
