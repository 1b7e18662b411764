// Small federations that learn in milliseconds on tfjs's cpu backend. Only tests import this file.
import type { NdArray } from '../../core/shape.ts';
import { fromArrays } from '../../data/arrays.ts';
import type { LabelledDataset } from '../../data/dataset.ts';
import { pick } from '../../data/views.ts';
import { CLASSES, FEATURES, labelsOf, points } from '../../distill/distillCases.ts';
import type { Student } from '../../student/student.ts';
import { mlp } from '../../student/zoo/mlp.ts';
import { openTrainer, type Trainer } from '../../train/trainer.ts';
import { federate } from '../federate.ts';
import type { FederateOptions } from '../federateOptions.ts';
import type { Federated } from '../federateReport.ts';
import { type Loopback, loopback } from '../transports/loopback.ts';

export const makeMlp = (hidden = 8) => mlp({ inputShape: [FEATURES], classes: CLASSES, hidden: [hidden] });

export const SGD = { name: 'sgd', learningRate: 0.1 } as const;
export const ADAM = { name: 'adam', learningRate: 0.02 } as const;

/** What no client learns from. */
export const held = points(300, 77);
export const heldLabels = labelsOf(held);

/** Labelled points. */
export function labelledPoints(count: number, seed: number): LabelledDataset {
  const at = points(count, seed);
  return fromArrays(at, labelsOf(at));
}

/** As many shares as there are classes, each with three quarters of one class and little of the others. */
export function oneSided(count: number, seed: number): LabelledDataset[] {
  const at = points(count, seed);
  const labels = labelsOf(at);
  const share = (i: number) => (i % 8 === 0 ? Math.floor(i / 8) % CLASSES : (labels[i] as number));
  return Array.from({ length: CLASSES }, (_, own) => {
    const places = Int32Array.from(labels.keys()).filter((i) => share(i) === own);
    return pick(fromArrays(at, labels), places);
  });
}

export const openHere = (): Promise<Trainer> => openTrainer({ worker: 'none', backend: 'cpu' });

/** What looks often enough for a test; nobody vanishes. */
export const QUICK = { beatMs: 20, vanishMs: 600_000, roundMs: 600_000 };

/** All clients of a federation in this thread, each with a student of its own. */
export async function runAll(
  shares: readonly LabelledDataset[],
  common: Partial<FederateOptions> & Pick<FederateOptions, 'trainer'>,
  student: (client: number) => Student = () => makeMlp(),
  federation: Loopback = loopback(),
): Promise<Federated[]> {
  const runs = shares.map((data, i) => {
    const own = { student: student(i), data, client: `c${i}`, transport: federation.open() };
    return federate({ minimumClients: shares.length, ...QUICK, ...common, ...own });
  });
  try {
    return await Promise.all(runs.map(({ done }) => done));
  } finally {
    for (const run of runs) run.cancel();
  }
}

export function weightsOf({ artifacts }: Student): Float32Array {
  return new Float32Array(artifacts?.weightData ?? new ArrayBuffer(0));
}

/** Floats as an array of this shape. */
export function floats(shape: readonly number[], ...values: number[]): NdArray {
  return { data: Float32Array.from(values), shape };
}
