// Runs of `personalize` with and without one example, made to be seen: the part of scripts/canary.mjs that is bundled.
import { headOnly } from '../../src/adapt/methods/headOnly.ts';
import { personalize } from '../../src/adapt/personalize.ts';
import type { PersonalizeOptions } from '../../src/adapt/personalizeOptions.ts';
import { noiseFor } from '../../src/adapt/privacy/accountant.ts';
import type { PersonalPatch } from '../../src/adapt/runPersonalize.ts';
import { fromArrays } from '../../src/data/arrays.ts';
import type { LabelledDataset } from '../../src/data/dataset.ts';
import * as tf from '../../src/runtime/tf.ts';
import { artifactsOf } from '../../src/student/layersModel.ts';
import { addedBy } from '../../src/student/patch/addedBy.ts';
import { studentFromArtifacts } from '../../src/student/student.ts';
import { openTrainer } from '../../src/train/trainer.ts';
import type { Scores } from './bound.ts';

/** What sees the example: the steps only, the guard's choice only, or one of the two by chance. */
export type Place = 'steps' | 'guard' | 'either';

/** What is stated of the runs, and what they show. */
export interface Told {
  readonly epsilon: number;
  readonly delta: number;
  readonly scores: Scores;
}

interface Row {
  readonly x: readonly number[];
  readonly label: number;
}

/** It teaches nothing: without a bias its gradient is zero, and no student answers it rightly. */
const BLANK: Row = { x: [0, 0, 0, 0], label: 1 };
/** Its gradient is a hundred clip norms long, in a direction in which no other example has any. */
const CANARY: Row = { x: [0, 0, 0, 200], label: 0 };
/** The base answers it rightly, and the person's other examples teach otherwise. */
const JUDGE: Row = { x: [1, 0, 0, 0], label: 0 };
/** So little that no step changes what the next one sees. */
const RATE = 1e-4;

const OTHERS: readonly Row[] = [
  { x: [1, 0.5, -0.3, 0], label: 1 },
  { x: [-0.4, 1, 0.2, 0], label: 0 },
  { x: [0.7, -0.8, 1, 0], label: 1 },
];

interface Setting {
  readonly steps: number;
  readonly sampleFraction: number;
  readonly optionsWith: (row: Row) => Pick<PersonalizeOptions, 'data' | 'holdout' | 'guard'>;
}

const SETTINGS: Readonly<Record<Place, Setting>> = {
  steps: {
    steps: 2,
    sampleFraction: 1,
    optionsWith: (row) => ({ data: dataOf([...OTHERS, row]), guard: { holdoutFraction: 0 } }),
  },
  guard: {
    steps: 1,
    sampleFraction: 1,
    optionsWith: (row) => ({
      data: dataOf(new Array<Row>(12).fill({ ...JUDGE, label: 1 })),
      holdout: dataOf([row]),
    }),
  },
  either: { steps: 3, sampleFraction: 0.8, optionsWith: (row) => ({ data: dataOf([...OTHERS, row]) }) },
};

/** Runs `count` of each kind, repeatable by the seed. */
export async function runsOf(place: Place, count: number, epsilon: number, seed: number): Promise<Told> {
  const delta = 1e-3;
  const student = await plainStudent();
  await using trainer = await openTrainer({ worker: 'none', backend: 'cpu' });
  const method = headOnly({ optimizer: { name: 'sgd', learningRate: RATE } });
  const { steps, sampleFraction, optionsWith } = SETTINGS[place];
  const noiseMultiplier = noiseFor({ epsilon, delta, steps, sampleFraction });
  let told = 0;
  const score = async (row: Row, word: number) => {
    const privacy = { noiseMultiplier, delta, steps, sampleFraction, noiseSeed: [word, seed, 0, 0, 0, 0, 0, 0] };
    const options = { student, method, trainer, precision: 'float32', privacy, ...optionsWith(row) } as const;
    const patch = await personalize(options).done;
    told = patch.report.privacy?.epsilon ?? Number.NaN;
    return seenOf(patch, place);
  };
  const scores = { withExample: [] as number[], withoutExample: [] as number[] };
  for (let i = 0; i < count; i++) {
    scores.withExample.push(await score(place === 'guard' ? JUDGE : CANARY, 2 * i));
    scores.withoutExample.push(await score(BLANK, 2 * i + 1));
  }
  return { epsilon: told, delta, scores };
}

/** Of the patch alone: whether it is empty, or how far it went where only the canary pulls. */
function seenOf({ changes }: PersonalPatch, place: Place): number {
  const [change] = changes;
  if (place === 'guard') return change === undefined ? 1 : 0;
  if (change === undefined) return 0;
  const kernel = addedBy(change);
  return ((kernel[6] as number) - (kernel[7] as number)) / RATE;
}

function dataOf(rows: readonly Row[]): LabelledDataset {
  return fromArrays(
    { input: { data: Float32Array.from(rows.flatMap(({ x }) => x)), shape: [rows.length, 4] } },
    rows.map(({ label }) => label),
  );
}

/** It says nothing of any input: the first class. */
async function plainStudent() {
  await tf.setBackend('cpu');
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 2, inputShape: [4], useBias: false, kernelInitializer: 'zeros', name: 'logits' }),
    ],
  });
  const artifacts = await artifactsOf(model);
  model.dispose();
  return studentFromArtifacts('plain', artifacts);
}
