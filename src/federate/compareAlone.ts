import { derivedSeed } from '../core/random.ts';
import type { LabelledDataset } from '../data/dataset.ts';
import { crossEntropy } from '../losses/response/crossEntropy.ts';
import type { Student } from '../student/student.ts';
import type { OptimizerOptions } from '../train/optimizerOptions.ts';
import type { Trainer } from '../train/trainer.ts';
import { accuracyOf } from './accuracyOf.ts';
import { builtStudent, trainHere } from './localTraining.ts';

/** What a simulation tells of students that learned without the others. */
export type AloneEvent =
  | { readonly type: 'alone'; readonly client: number; readonly accuracy: number }
  | { readonly type: 'central'; readonly accuracy: number };

interface ComparedSettings {
  readonly student: (client: number) => Student;
  readonly data: LabelledDataset;
  readonly holdout: LabelledDataset;
  readonly shares: readonly LabelledDataset[];
  readonly trainers: readonly Trainer[];
  readonly epochs: number;
  readonly rounds: number;
  readonly batchSize: number;
  readonly optimizer?: OptimizerOptions | undefined;
  readonly seed: number;
}

/** The same student with the same steps, for each client's examples alone and for all together. */
export async function compareAlone(
  settings: ComparedSettings,
  emit: (event: AloneEvent) => void,
  signal: AbortSignal,
): Promise<{ readonly bestAlone: number; readonly centralAccuracy: number }> {
  const { student, data, holdout, shares, trainers, epochs, rounds, batchSize, optimizer = {}, seed } = settings;
  const trainer = trainers[0] as Trainer;
  const loss = crossEntropy();
  const tools = { trainer, emit: () => undefined, epochs: epochs * rounds, batchSize, optimizer };
  const learn = async (client: number, from: LabelledDataset) => {
    const start = { seed: derivedSeed(seed, 'first weights'), signal };
    const artifacts = await builtStudent(student(client), { trainer, loss }, start);
    const place = { round: 1, seed: derivedSeed(seed, `alone/${client}`), signal };
    const learned = await trainHere(tools, { from: artifacts, data: from, loss }, place);
    return accuracyOf(trainer, learned.artifacts, holdout, signal);
  };
  let bestAlone = 0;
  for (const [client, share] of shares.entries()) {
    const accuracy = await learn(client, share);
    bestAlone = Math.max(bestAlone, accuracy);
    emit({ type: 'alone', client, accuracy });
  }
  const centralAccuracy = await learn(0, data);
  emit({ type: 'central', accuracy: centralAccuracy });
  return { bestAlone, centralAccuracy };
}
