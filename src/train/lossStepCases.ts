// Students, a teacher's answers, and losses that read each kind of input, for tests of steps. Only tests import this file.
import { seededRandom } from '../core/random.ts';
import { sizeOf } from '../core/shape.ts';
import * as losses from '../losses/all.ts';
import type { Loss } from '../losses/loss.ts';
import { linear } from '../losses/schedule.ts';
import * as tf from '../runtime/tf.ts';
import { buildStudent } from '../student/build.ts';
import { branched } from '../student/kinds/branched.ts';
import { cohort } from '../student/kinds/cohort.ts';
import { withExits } from '../student/kinds/withExits.ts';
import { tapStudent } from '../student/taps.ts';
import { mlp } from '../student/zoo/mlp.ts';
import { transformerTiny } from '../student/zoo/transformerTiny.ts';
import type { TrainBatch } from './batch.ts';
import { openLoss } from './openLoss.ts';
import { makeOptimizer } from './optimizer.ts';
import { variablesOf } from './step.ts';

const CLASSES = 4;
const EXAMPLES = 40;
const STEPS = 100;
const BATCH = 8;

type Build = () => Promise<tf.LayersModel>;

interface Design {
  readonly build: Build;
  readonly input: readonly number[];
  readonly vocabulary?: number;
}

const built =
  (make: () => Parameters<typeof buildStudent>[0] | Promise<Parameters<typeof buildStudent>[0]>) => async () =>
    buildStudent(await make(), 3);
const hidden = () => mlp({ inputShape: [6], classes: CLASSES, hidden: [8] });

const designs = {
  maps: {
    input: [6, 6, 2],
    async build() {
      const init = (seed: number) => ({ kernelInitializer: tf.initializers.glorotUniform({ seed }) });
      const conv = { kernelSize: 3, padding: 'same', activation: 'relu' } as const;
      const layers = [
        tf.layers.conv2d({ ...conv, ...init(1), filters: 4, name: 'early', inputShape: [6, 6, 2] }),
        tf.layers.maxPooling2d({ poolSize: 2 }),
        tf.layers.conv2d({ ...conv, ...init(2), filters: 6, name: 'late' }),
        tf.layers.globalAveragePooling2d({ name: 'features' }),
        tf.layers.dense({ units: CLASSES, name: 'logits', ...init(3) }),
      ];
      const { inputs, outputs } = tf.sequential({ layers });
      return tf.model({ inputs, outputs });
    },
  },
  rows: { input: [6], build: built(() => hidden().portable()) },
  pair: {
    input: [6],
    build: built(() => cohort([hidden(), mlp({ inputShape: [6], classes: CLASSES, hidden: [5] })]).portable()),
  },
  branches: { input: [6], build: built(() => branched(hidden(), { at: 1, branches: 3 }).portable()) },
  exits: {
    input: [6],
    build: built(() =>
      withExits(mlp({ inputShape: [6], classes: CLASSES, hidden: [8, 7] }), { at: [1], features: 5 }).portable(),
    ),
  },
  words: {
    input: [5],
    vocabulary: 9,
    build: built(() =>
      transformerTiny({ length: 5, vocabulary: 9, width: 8, heads: 2, hidden: 8, classes: CLASSES }).portable(),
    ),
  },
} satisfies Record<string, Design>;

/** The teacher's answer to one example: single numbers from 0 to 1, others from −2 to 2. */
const teacherShapes: Readonly<Record<string, readonly number[]>> = {
  logits: [CLASSES],
  'logits@0': [CLASSES],
  'logits@1': [CLASSES],
  early: [6, 6, 4],
  wide: [3, 3, 8],
  features: [7],
  ...Object.fromEntries(['queries', 'keys', 'values'].map((part) => [`attention_1/${part}`, [5, 12]])),
};

export interface LossStepCase {
  readonly loss: () => Loss;
  /** Default 'rows', if only logits are read. */
  readonly student?: keyof typeof designs;
}

const maps = (loss: () => Loss): LossStepCase => ({ loss, student: 'maps' });
const pooled = { output: 'features', embeddingLength: 5 } as const;

/** One loss for each kind of input from a step; each loss's own test replays it. */
export const lossStepCases: Readonly<Record<string, LossStepCase>> = {
  'the outputs of both': { loss: () => losses.softTargets() },
  labels: { loss: () => losses.crossEntropy() },
  'several teachers': {
    loss: () => losses.learnedTeachers({ teacherOutputs: ['logits@0', 'logits@1'], features: 'features' }),
    student: 'maps',
  },
  'weights that change': {
    loss: () =>
      losses.weighted([
        { loss: losses.softTargets(), weight: 0.5 },
        { loss: losses.crossEntropy(), weight: linear(1, 0) },
      ]),
  },
  'weights that are learned': { loss: () => losses.uncertaintyWeighted([losses.softTargets(), losses.crossEntropy()]) },
  'weights of examples': { loss: () => losses.exampleWeighted(losses.softTargets(), { kind: 'entropy' }) },
  'weights that come with examples': { loss: () => losses.exampleWeighted(losses.softTargets(), { kind: 'given' }) },
  'a layer and a projector': maps(() => losses.featureHint({ output: 'late', teacherOutput: 'wide' })),
  'several layers': maps(() =>
    losses.review({ outputs: ['early', 'late'], teacherOutputs: ['early', 'wide'], width: 4 }),
  ),
  'pairs of examples': maps(() => losses.contrastive(pooled)),
  'a bank': maps(() => losses.contrastive({ ...pooled, bank: 20 })),
  'a bank of the teacher': maps(() => losses.relationalRepresentation({ ...pooled, bank: 20 })),
  'parts of attention': {
    loss: () => losses.attentionRelations({ output: 'attention_1', relationHeads: 2 }),
    student: 'words',
  },
  'a cohort': { loss: () => losses.mutual(), student: 'pair' },
  branches: { loss: () => losses.gatedBranches({ branches: 3 }), student: 'branches' },
  exits: { loss: () => losses.earlyExits({ exits: 1 }), student: 'exits' },
};

/** A model, a loss with what it learns, an optimizer, and batches; the same each time. */
export async function setUpLoss({ loss, student = 'rows' }: LossStepCase) {
  const design: Design = designs[student];
  const model = await design.build();
  const made = loss();
  const tapped = tapStudent(model, made.reads.student);
  const shapes = { student: tapped.outputs, teacher: teacherShapes, batchSize: BATCH, examples: EXAMPLES };
  const opened = openLoss(made, { shapes, seed: 5 });
  const optimizer = makeOptimizer(tf, { learningRate: 0.01 });
  const options = { model, student: tapped, loss: opened, optimizer };
  const free = () => {
    opened[Symbol.dispose]();
    optimizer.dispose();
    model.dispose();
  };
  return { options, variables: variablesOf(options), batch: (step: number) => batchFor(made, design, step), free };
}

function batchFor({ reads, numbers }: Loss, { input, vocabulary }: Design, step: number): TrainBatch {
  const random = seededRandom(step);
  const values = (shape: readonly number[]) => ({
    data: Float32Array.from({ length: BATCH * sizeOf(shape) }, () =>
      shape.length === 0 ? random() : 4 * random() - 2,
    ),
    shape: [BATCH, ...shape],
  });
  const whole = (count: number) => () => Math.floor(random() * count);
  const words = () => ({
    data: Int32Array.from({ length: BATCH * sizeOf(input) }, whole(vocabulary ?? 1)),
    shape: [BATCH, ...input],
  });
  const teacher = reads.teacher.map((name) => [name, values(teacherShapes[name] ?? [])] as const);
  return {
    inputs: { input: vocabulary === undefined ? values(input) : words() },
    teacher: Object.fromEntries(teacher),
    ...(reads.labels && { labels: Int32Array.from({ length: BATCH }, whole(CLASSES)) }),
    ...(reads.exampleWeights && { exampleWeights: Float32Array.from({ length: BATCH }, random) }),
    ...(reads.indices && { indices: Int32Array.from({ length: BATCH }, (_, i) => (step * BATCH + i) % EXAMPLES) }),
    ...(numbers && { numbers: Float32Array.from(numbers({ step, steps: STEPS, epoch: 1, epochs: 2 })) }),
  };
}
