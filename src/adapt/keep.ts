import { derivedSeed, permutation, seededRandom } from '../core/random.ts';
import { pickRowsOfAll } from '../core/rows.ts';
import { argMax } from '../core/stats.ts';
import type { Dataset, LabelledDataset } from '../data/dataset.ts';
import { pick } from '../data/views.ts';
import { crossEntropy } from '../losses/response/crossEntropy.ts';
import { specOf } from '../losses/spec.ts';
import type { AnchorOptions } from '../train/parts/adaptation/adaptation.ts';
import type { Adaptable } from './adaptable.ts';
import { type AllExamples, readAll, rowOf } from './examples.ts';
import { type KeepOptions, replayedBy } from './keepOptions.ts';
import type { Lesson } from './method.ts';

/** Those of the examples that are learned along, drawn by the seed. */
export function drawReplayed(keep: KeepOptions | undefined, seed: number): Dataset | LabelledDataset | undefined {
  const replay = keep?.replay;
  if (replay === undefined) return undefined;
  const chosen = permutation(replay.size, seededRandom(derivedSeed(seed, 'replay'))).slice(0, replayedBy(keep));
  return pick(replay, chosen);
}

/** The examples to learn along; where they have no labels, the base's own answers stand for them. */
export async function readReplayed(
  keep: KeepOptions | undefined,
  seed: number,
  signal: AbortSignal,
): Promise<AllExamples | undefined> {
  const replayed = drawReplayed(keep, seed);
  return replayed && readAll(replayed, signal);
}

/** More examples tell little more about which weights matter. */
const MOST_MEASURED = 200;

/**
 * The importance of each weight, where EWC is asked for: the diagonal of the Fisher information, with labels drawn from the
 * student's own answers.
 * Source    Kirkpatrick et al. 2017, §2, arXiv:1612.00796
 */
export async function openAnchor(
  keep: KeepOptions | undefined,
  base: Adaptable,
  { inputs, size }: AllExamples,
  { trainer, signal, seed }: Pick<Lesson, 'trainer' | 'signal' | 'seed'>,
): Promise<AnchorOptions | undefined> {
  const strength = keep?.ewc ?? 0;
  if (strength === 0) return undefined;
  const count = Math.min(size, MOST_MEASURED);
  const { logits } = await base.answers(inputs);
  const random = seededRandom(derivedSeed(seed, 'fisher'));
  const labels = Int32Array.from({ length: count }, (_, i) => drawn(rowOf(logits, i), random()));
  const read = async (indices: Int32Array) => ({
    inputs: pickRowsOfAll(inputs, indices),
    teacher: {},
    labels: Int32Array.from(indices, (i) => labels[i] as number),
  });
  const job = {
    student: { kind: 'artifacts', artifacts: base.artifacts },
    loss: specOf(crossEntropy()),
    size: count,
    epochs: 1,
    batchSize: 1,
    optimizer: { name: 'sgd' },
    adaptation: { measures: 'importance' },
    seed,
    holdoutSize: 0,
  } as const;
  const source = { read, readInputs: async () => ({}), readHoldout: async () => ({}) };
  const { adapted, error } = await trainer.train(job, source, () => undefined, signal);
  if (error !== undefined) throw error;
  return { strength, importance: adapted?.importance ?? {} };
}

/** A class by its probability. */
function drawn(logits: ArrayLike<number>, at: number): number {
  const row = Array.from(logits);
  const top = row[argMax(row, 0, row.length)] as number;
  const weights = row.map((z) => Math.exp(z - top));
  let rest = at * weights.reduce((sum, weight) => sum + weight, 0);
  const found = weights.findIndex((weight) => {
    rest -= weight;
    return rest < 0;
  });
  return found < 0 ? row.length - 1 : found;
}
