import { isAbortError, throwIfAborted } from '../core/errors.ts';
import { pickRows, pickRowsOfAll } from '../core/rows.ts';
import { dtypeOf, makeArray, type NamedArrays, sizeOf } from '../core/shape.ts';
import { exampleWeighted } from '../losses/combination/exampleWeighted.ts';
import { weighted } from '../losses/combination/weighted.ts';
import type { Loss } from '../losses/loss.ts';
import { crossEntropy } from '../losses/response/crossEntropy.ts';
import { ctc } from '../losses/response/ctc.ts';
import { formerOutputs } from '../losses/response/formerOutputs.ts';
import { softTargets } from '../losses/response/softTargets.ts';
import { specOf } from '../losses/spec.ts';
import type { WeightChange } from '../student/patch/patch.ts';
import type { StudentArtifacts } from '../student/student.ts';
import { splitWeights } from '../student/weightBytes.ts';
import type { EngineEvent, TrainJob, TrainOutcome } from '../train/job.ts';
import type { OptimizerOptions } from '../train/optimizerOptions.ts';
import type { AdaptationOptions, AdaptationOutcome } from '../train/parts/adaptation/adaptation.ts';
import type { Lesson } from './method.ts';
import { drawLots } from './privacy/drawLots.ts';

/** How long and how fast a method learns. */
export interface StepsOptions {
  /** How often each example is seen. */
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimizer: OptimizerOptions;
  /** Whether the backward pass computes again what it needs of the forward pass. Default false. */
  readonly recompute?: boolean;
}

/** The loss, if not the one on labels and former answers. */
export interface TrainOptions extends StepsOptions {
  readonly adaptation: AdaptationOptions;
  readonly loss?: Loss;
}

/** Trains the base of a lesson, and gives what changed. Throws what training throws, and AbortError. */
export async function trainChanges(lesson: Lesson, options: TrainOptions): Promise<{ changes: WeightChange[] }> {
  const outcome = await trainLesson(lesson, options);
  return { changes: changesBetween(lesson.base, outcome.artifacts, outcome.adapted) };
}

async function trainLesson(lesson: Lesson, options: TrainOptions): Promise<TrainOutcome> {
  const { base, labels, sequences, seed, trainer, signal, anchor, privacy, budget, emit } = lesson;
  const loss = options.loss ?? lossOf(lesson);
  // A private run draws the examples of each step at random, which hides them.
  const drawn = privacy && drawLots(lesson.size, privacy);
  const isFormerRead = loss.reads.exampleWeights === true;
  const answers: NamedArrays = loss.reads.teacher.length > 0 ? { logits: lesson.logits } : {};
  const job: TrainJob = {
    student: { kind: 'artifacts', artifacts: base },
    loss: specOf(loss),
    ...(drawn
      ? // It begins with a blank example, whose number is that behind the last.
        { size: lesson.size + 1, order: Int32Array.of(lesson.size, ...drawn.order), epochs: 1, batchSize: 1 }
      : { size: lesson.size, epochs: options.epochs, batchSize: options.batchSize, areBatchesEven: true }),
    ...(!drawn && budget.steps !== undefined && { mostSteps: budget.steps }),
    optimizer: options.optimizer,
    ...(options.recompute && { recompute: true }),
    adaptation: {
      ...options.adaptation,
      ...(anchor && { anchor }),
      ...(privacy && drawn && { privacy: { ...privacyNumbers(privacy), ...drawn.counts } }),
    },
    teacherShapes: Object.fromEntries(Object.entries(answers).map(([name, { shape }]) => [name, shape.slice(1)])),
    seed,
    holdoutSize: 0,
  };
  using time = openTime(drawn ? undefined : budget.ms, signal);
  let reads = 0;
  const read = async (rows: Int32Array) => {
    if (rows[0] === lesson.size) {
      const blank = { inputs: blankOf(lesson.inputs), teacher: blankOf(answers), labels: Int32Array.of(0) };
      return { ...blank, ...(isFormerRead && { exampleWeights: Float32Array.of(0) }) };
    }
    // The next batch is read before a step: the first one is always taken.
    if (++reads > 2) time.look();
    return {
      inputs: pickRowsOfAll(lesson.inputs, rows),
      teacher: pickRowsOfAll(answers, rows),
      ...(loss.reads.labels && { labels: Int32Array.from(rows, (i) => labels[i] as number) }),
      ...(sequences && loss.reads.sequences && { sequences: pickRows(sequences.rows, rows).data as Int32Array }),
      ...(isFormerRead && { exampleWeights: Float32Array.from(rows, (i) => Number(holdsFormer(lesson, i))) }),
    };
  };
  const onEvent = (event: EngineEvent) => {
    if (event.type !== 'balance') emit(event);
  };
  const readInputs = async (indices: Int32Array) => pickRowsOfAll(lesson.inputs, indices);
  const source = { read, readInputs, readHoldout: async () => ({}) };
  const outcome = await trainer.train(job, source, onEvent, time.signal);
  throwIfAborted(signal);
  // Running out of time is no failure.
  if (outcome.error !== undefined && !(time.signal.aborted && isAbortError(outcome.error))) throw outcome.error;
  return outcome;
}

/**
 * A signal that also comes when the time is over; the run then gives what was learned so far. It checks the clock when an
 * example is read: if training occupies the thread, a timer would wait for its end.
 */
function openTime(ms: number | undefined, signal: AbortSignal) {
  const controller = new AbortController();
  const startedAt = performance.now();
  const end = () => controller.abort(signal.reason);
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  return {
    signal: controller.signal,
    look() {
      if (ms !== undefined && performance.now() - startedAt > ms) end();
    },
    [Symbol.dispose]: () => signal.removeEventListener('abort', end),
  };
}

/** One example of zeros, which tells nothing about any other. */
function blankOf(arrays: NamedArrays): NamedArrays {
  const blanks = Object.entries(arrays).map(([name, { data, shape }]) => {
    const row = shape.slice(1);
    return [name, { data: makeArray(dtypeOf(data), sizeOf(row)), shape: [1, ...row] }] as const;
  });
  return Object.fromEntries(blanks);
}

/** Whether the base's own answer holds for an example: for those that are replayed, or for all where none is. */
function holdsFormer({ own, size }: Lesson, example: number): boolean {
  return own === size || example >= own;
}

/** As `formerOutputs` softens answers; its factor T² is left out as there. */
const SOFTNESS = 2;

/** Labels or sequences, and the base's answers: on the replayed examples, or on all if none is replayed. */
function lossOf({ formerWeight, size, own, privacy, sequences }: Lesson): Loss {
  const truth = sequences ? ctc({ blank: sequences.blank }) : crossEntropy();
  if (formerWeight === 0) return truth;
  const each = sequences ? softTargets({ temperature: SOFTNESS }) : formerOutputs({ temperature: SOFTNESS });
  const former = exampleWeighted(each, { kind: 'given' });
  const scale = sequences ? SOFTNESS ** -2 : 1;
  // One more private example must not change what the others teach.
  const share = size > own ? (size - own) / (privacy?.expected ?? size) : 1;
  return weighted([
    { loss: truth, weight: 1 },
    { loss: former, weight: (scale * formerWeight) / share },
  ]);
}

function privacyNumbers({ clipNorm, noiseMultiplier, noiseSeed }: NonNullable<Lesson['privacy']>) {
  return { clipNorm, noiseMultiplier, noiseSeed };
}

/** What to add to which weight; weights that learned by a product get the product. */
function changesBetween(
  before: StudentArtifacts,
  after: StudentArtifacts,
  adapted: AdaptationOutcome | undefined,
): WeightChange[] {
  const now = splitWeights(after);
  return splitWeights(before).flatMap(({ name, shape, bytes }, i): WeightChange[] => {
    const product = adapted?.lowRank?.[name];
    if (product !== undefined) return [{ kind: 'low-rank', weight: name, shape, ...product }];
    const [old, trained] = [floatsOf(bytes), floatsOf((now[i] as (typeof now)[number]).bytes)];
    if (old.every((value, at) => value === trained[at])) return [];
    const delta = old.map((value, at) => (trained[at] as number) - value);
    return [{ kind: 'added', weight: name, shape, delta }];
  });
}

function floatsOf(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.slice().buffer);
}
