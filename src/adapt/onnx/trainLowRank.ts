import { throwIfAborted } from '../../core/errors.ts';
import { augmentExamples } from '../../data/augment.ts';
import type { LabelledDataset } from '../../data/dataset.ts';
import { crossEntropy } from '../../losses/response/crossEntropy.ts';
import { specOf } from '../../losses/revive.ts';
import type { WeightChange } from '../../student/patch.ts';
import type { StudentArtifacts } from '../../student/student.ts';
import type { Trainer } from '../../train/trainer.ts';
import { changesBetween } from '../trainChanges.ts';
import type { PersonalizeOnnxOptions } from './personalizeOnnxOptions.ts';
import type { PersonalizeOnnxEvent } from './personalizeOnnxReport.ts';
import type { Feed } from './studentFeed.ts';

/** Which layers of a student learn, and from what. */
export interface LowRankLesson {
  readonly base: StudentArtifacts;
  readonly layers: readonly string[];
  readonly data: LabelledDataset;
  /** Makes of the data's arrays what the student reads. */
  readonly feed: Feed;
  readonly trainer: Trainer;
  readonly options: PersonalizeOnnxOptions;
  readonly emit: (event: PersonalizeOnnxEvent) => void;
  readonly signal: AbortSignal;
}

export interface LowRankOutcome {
  readonly changes: readonly WeightChange[];
  /** Mean cross-entropy in nats of each pass. */
  readonly losses: readonly number[];
}

const BATCH = 32;
const LEAST_EPOCHS = 10;

/**
 * Products of low rank learn beside the matrices of some layers, by Adam on the cross-entropy with the labels.
 * Throws    AbortError, and what data, feed and trainer throw
 * Source    Hu et al. 2022, §4.1, arXiv:2106.09685
 */
export async function trainLowRank(lesson: LowRankLesson): Promise<LowRankOutcome> {
  const { base, layers, data, trainer, options, emit, signal } = lesson;
  const { rank = 4, alpha = 2 * rank, learning = {}, seed = 0 } = options;
  const { steps = 100, learningRate = 3e-3, weightDecay } = learning;
  const batches = Math.ceil(data.size / BATCH);
  const batchSize = Math.ceil(data.size / batches);
  // A last batch of another size could not be replayed, and would take as long as ten that are: it is filled up.
  const size = batches * batchSize;
  const losses: number[] = [];
  const outcome = await trainer.train(
    {
      student: { kind: 'artifacts', artifacts: base },
      loss: specOf(crossEntropy()),
      size,
      epochs: Math.max(LEAST_EPOCHS, Math.ceil(steps / batches)),
      batchSize,
      optimizer: { name: 'adam', learningRate, ...(weightDecay !== undefined && { weightDecay }) },
      adaptation: { learns: 'low-rank', layers, rank, alpha },
      seed,
      holdoutSize: 0,
    },
    { read: openReading(lesson, size), readInputs: async () => ({}), readHoldout: async () => ({}) },
    (event) => {
      if (event.type === 'balance' || event.type === 'batch-norm') return;
      if (event.type === 'epoch') losses.push(event.loss);
      emit(event);
    },
    signal,
  );
  throwIfAborted(signal);
  if (outcome.error !== undefined) throw outcome.error;
  return { changes: changesBetween(base, outcome.artifacts, outcome.adapted), losses };
}

/** Reads as many examples a pass as `size` says; those that fill it up are others in each pass. */
function openReading({ data, feed, options, signal }: LowRankLesson, size: number) {
  const { augment, seed = 0 } = options;
  let seen = 0;
  return async (indices: Int32Array) => {
    const pass = Math.floor(seen / size);
    seen += indices.length;
    const places = indices.map((i) => (i < data.size ? i : (i + pass * (size - data.size)) % data.size));
    const { inputs, labels } = await data.read(places, signal);
    const varied = augment ? augmentExamples(inputs, indices, augment, { seed, epoch: pass + 1 }) : inputs;
    return { inputs: feed(varied), teacher: {}, labels };
  };
}
