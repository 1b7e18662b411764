import { LimbeckError, throwIfAborted } from '../core/errors.ts';
import { pickRowsOfAll } from '../core/rows.ts';
import type { NamedArrays, NdArray } from '../core/shape.ts';
import { type Dataset, isLabelled } from '../data/dataset.ts';
import type { Loss } from '../losses/loss.ts';
import { specOf } from '../losses/spec.ts';
import { type Student, type StudentArtifacts, studentFromArtifacts } from '../student/student.ts';
import type { TrainJob, TrainOutcome } from '../train/job.ts';
import type { AdaptationOptions } from '../train/parts/adaptation/adaptation.ts';
import { predictAll } from '../train/predictAll.ts';
import type { Trainer } from '../train/trainer.ts';
import type { Device, Place } from './strategy.ts';

/** One training of a device's student. */
export interface LocalTraining {
  readonly from: StudentArtifacts;
  readonly data: Dataset;
  readonly loss: Loss;
  /** A teacher's answers [N, ...] to all examples. */
  readonly answers?: NamedArrays;
  readonly epochs?: number;
  readonly adaptation?: AdaptationOptions;
}

type Tools = Pick<Device, 'trainer' | 'emit' | 'epochs' | 'batchSize' | 'optimizer'>;

/**
 * Trains a copy of a student on this device. The same start, examples, seed and backend give the same bits, so who has the same
 * examples can repeat it.
 * Throws what training throws, and AbortError; then nothing was learned
 */
export async function trainHere(tools: Tools, training: LocalTraining, { seed, signal }: Place): Promise<TrainOutcome> {
  const { from, data, loss, answers = {}, adaptation, epochs = tools.epochs } = training;
  const job: TrainJob = {
    student: { kind: 'artifacts', artifacts: from },
    loss: specOf(loss),
    ...{ size: data.size, epochs, batchSize: tools.batchSize, areBatchesEven: true },
    optimizer: tools.optimizer,
    ...(adaptation && { adaptation }),
    teacherShapes: Object.fromEntries(Object.entries(answers).map(([name, { shape }]) => [name, shape.slice(1)])),
    seed,
    holdoutSize: 0,
  };
  const readInputs = async (indices: Int32Array) => (await data.read(indices, signal)).inputs;
  const read = async (indices: Int32Array) => {
    const teacher = pickRowsOfAll(answers, indices);
    if (!isLabelled(data) || !loss.reads.labels) return { inputs: await readInputs(indices), teacher };
    const { inputs, labels } = await data.read(indices, signal);
    return { inputs, labels, teacher };
  };
  const source = { read, readInputs, readHoldout: async () => ({}) };
  const outcome = await tools.trainer.train(job, source, tools.emit, signal);
  throwIfAborted(signal);
  if (outcome.error !== undefined) throw outcome.error;
  return outcome;
}

/** The outputs of weights for all examples. */
export function answersOf(
  trainer: Pick<Trainer, 'predict'>,
  artifacts: StudentArtifacts,
  data: Dataset,
  signal: AbortSignal,
): Promise<NamedArrays> {
  return predictAll(trainer as Trainer, studentFromArtifacts('federated', artifacts), data, signal);
}

/** What weights say of all examples, for a strategy that compares it. Throws    unknown-output */
export async function logitsOf(strategy: string, ...asked: Parameters<typeof answersOf>): Promise<NdArray> {
  const { logits } = await answersOf(...asked);
  if (logits !== undefined) return logits;
  throw new LimbeckError('unknown-output', `${strategy} compares the output "logits"; the student has several others.`);
}

/** A student with weights: those that it has, or those that its design gets from a seed. Trains no step. */
export async function builtStudent(
  student: Student,
  { trainer, loss }: Pick<Device, 'trainer' | 'loss'>,
  { seed, signal }: Pick<Place, 'seed' | 'signal'>,
): Promise<StudentArtifacts> {
  const portable = await student.portable();
  if (portable.kind === 'artifacts') return portable.artifacts;
  const nothing = async () => ({});
  const job: TrainJob = {
    ...{ student: portable, loss: specOf(loss), size: 1, epochs: 1, batchSize: 1, mostSteps: 0, seed, holdoutSize: 0 },
    optimizer: {},
  };
  const source = { read: async () => ({ inputs: {}, teacher: {} }), readInputs: nothing, readHoldout: nothing };
  const { artifacts, error } = await trainer.train(job, source, () => undefined, signal);
  if (error !== undefined) throw error;
  return artifacts;
}
