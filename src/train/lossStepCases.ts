// A student, a teacher's answers and every loss, for tests of steps. Only tests import this file.
import { seededRandom } from '../core/random.ts';
import { sizeOf } from '../core/shape.ts';
import * as losses from '../losses/all.ts';
import type { Loss } from '../losses/loss.ts';
import { linear } from '../losses/schedule.ts';
import * as tf from '../runtime/tf.ts';
import { branched } from '../student/branched.ts';
import { buildStudent } from '../student/build.ts';
import { cohort } from '../student/cohort.ts';
import { tapStudent } from '../student/taps.ts';
import { withExits } from '../student/withExits.ts';
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

/** What the teacher gives for one example: single numbers from 0 to 1, others from −2 to 2. */
const teacherShapes: Readonly<Record<string, readonly number[]>> = {
  logits: [CLASSES],
  self: [CLASSES],
  'logits@0': [CLASSES],
  'logits@1': [CLASSES],
  targets: [CLASSES],
  weights: [],
  early: [6, 6, 4],
  late: [3, 3, 6],
  wide: [3, 3, 8],
  large: [6, 6, 8],
  'features@0': [7],
  'features@1': [9],
  features: [7],
  ...Object.fromEntries(['queries', 'keys', 'values'].map((part) => [`attention_1/${part}`, [5, 12]])),
};

export interface LossStepCase {
  readonly loss: () => Loss;
  /** Default 'rows', where only logits are read. */
  readonly student?: keyof typeof designs;
}

const { weighted, uncertaintyWeighted, exampleWeighted, softTargets, crossEntropy } = losses;
const members = { teacherOutputs: ['logits@0', 'logits@1'] };
const late = { output: 'late', teacherOutput: 'wide' } as const;
const scores = { output: 'logits' } as const;
const pooled = { output: 'features' } as const;
const maps = (loss: () => Loss): LossStepCase => ({ loss, student: 'maps' });

/** Every loss by its name, and after a comma once more with other options. */
export const lossStepCases: Readonly<Record<string, LossStepCase>> = {
  activationBoundary: maps(() => losses.activationBoundary(late)),
  attentionMap: maps(() => losses.attentionMap(late)),
  attentionRelations: {
    loss: () => losses.attentionRelations({ output: 'attention_1', relationHeads: 2 }),
    student: 'words',
  },
  boundedRegression: { loss: () => losses.boundedRegression({ output: 'logits', targetOutput: 'targets' }) },
  channelSimilarity: maps(() => losses.channelSimilarity({ output: 'late' })),
  channelWise: maps(() => losses.channelWise({ ...late, projector: 'linear' })),
  classWise: { loss: () => losses.classWise() },
  collaborative: { loss: () => losses.collaborative(), student: 'pair' },
  'collaborative, least logits': { loss: () => losses.collaborative({ target: 'min-logit' }), student: 'pair' },
  confidenceWeighted: { loss: () => losses.confidenceWeighted(members) },
  consistency: { loss: () => losses.consistency() },
  'consistency, kl': { loss: () => losses.consistency({ distance: 'kl' }) },
  contrastive: maps(() => losses.contrastive({ ...pooled, embeddingLength: 5 })),
  'contrastive, bank': maps(() => losses.contrastive({ ...pooled, embeddingLength: 5, bank: 20 })),
  correlationCongruence: maps(() => losses.correlationCongruence(pooled)),
  crossEntropy: { loss: () => losses.crossEntropy() },
  decoupledTargets: { loss: () => losses.decoupledTargets() },
  distributionCorrelation: { loss: () => losses.distributionCorrelation() },
  earlyExits: { loss: () => losses.earlyExits({ exits: 1 }), student: 'exits' },
  embeddingMatch: maps(() => losses.embeddingMatch(pooled)),
  'embeddingMatch, cosine': maps(() => losses.embeddingMatch({ ...pooled, kind: 'cosine' })),
  entropyWeighted: { loss: () => losses.entropyWeighted(members) },
  exampleWeighted: { loss: () => exampleWeighted(softTargets(), { threshold: 0.4 }) },
  'exampleWeighted, soft': {
    loss: () => exampleWeighted(softTargets(), { kind: 'soft-confidence', normalizeBy: 'weights' }),
  },
  'exampleWeighted, entropy': { loss: () => exampleWeighted(softTargets(), { kind: 'entropy' }) },
  'exampleWeighted, labels': { loss: () => exampleWeighted(softTargets(), { kind: 'label-agreement' }) },
  'exampleWeighted, given': { loss: () => exampleWeighted(softTargets(), { kind: 'given' }) },
  factorTransfer: maps(() => losses.factorTransfer(late)),
  featureAlign: maps(() => losses.featureAlign({ ...pooled, teacherOutputs: ['features@0', 'features@1'] })),
  featureHint: maps(() => losses.featureHint(late)),
  featureNormalized: maps(() => losses.featureNormalized({ ...pooled, projector: 'linear' })),
  flow: maps(() => losses.flow({ outputs: ['early', 'late'] })),
  formerOutputs: { loss: () => losses.formerOutputs() },
  gatedBranches: { loss: () => losses.gatedBranches({ branches: 3 }), student: 'branches' },
  generalizedDivergence: { loss: () => losses.generalizedDivergence() },
  hardDarkRank: maps(() => losses.hardDarkRank({ ...pooled, neighbors: 3 })),
  informationMaximization: { loss: () => losses.informationMaximization() },
  'informationMaximization, weights': { loss: () => losses.informationMaximization({ exampleWeights: 'weights' }) },
  'informationMaximization, given weights': { loss: () => losses.informationMaximization({ exampleWeights: true }) },
  instanceGraph: maps(() => losses.instanceGraph({ outputs: ['features', 'logits'] })),
  labelSmoothing: { loss: () => losses.labelSmoothing() },
  learnedTeachers: maps(() => losses.learnedTeachers({ ...members, features: 'features' })),
  listNet: { loss: () => losses.listNet(scores) },
  localStructure: maps(() => losses.localStructure({ ...pooled, neighbors: 3 })),
  logitRegression: { loss: () => losses.logitRegression() },
  marginMse: { loss: () => losses.marginMse(scores) },
  maskedGeneration: maps(() => losses.maskedGeneration(late)),
  multiHeadRelation: maps(() => losses.multiHeadRelation({ ...pooled, heads: 2, headLength: 3 })),
  multiLevelTargets: { loss: () => losses.multiLevelTargets() },
  mutual: { loss: () => losses.mutual(), student: 'pair' },
  neuronSelectivity: maps(() => losses.neuronSelectivity({ output: 'late', teacherOutput: 'large' })),
  normalizedTargets: { loss: () => losses.normalizedTargets() },
  overhaul: maps(() => losses.overhaul(late)),
  probabilityTransfer: maps(() => losses.probabilityTransfer(pooled)),
  progressiveTargets: { loss: () => losses.progressiveTargets() },
  rankNet: { loss: () => losses.rankNet(scores) },
  regression: { loss: () => losses.regression({ output: 'logits' }) },
  'regression, huber': { loss: () => losses.regression({ output: 'logits', measure: 'huber' }) },
  relationAngle: maps(() => losses.relationAngle(pooled)),
  relationDistance: maps(() => losses.relationDistance(pooled)),
  review: maps(() => losses.review({ outputs: ['early', 'late'], teacherOutputs: ['early', 'wide'], width: 4 })),
  similarity: maps(() => losses.similarity(pooled)),
  softCrossEntropy: { loss: () => losses.softCrossEntropy() },
  softTargets: { loss: () => softTargets() },
  standardizedTargets: { loss: () => losses.standardizedTargets() },
  teacherFree: { loss: () => losses.teacherFree() },
  uncertaintyWeighted: { loss: () => uncertaintyWeighted([softTargets(), crossEntropy()]) },
  variationalInformation: maps(() => losses.variationalInformation(late)),
  weighted: {
    loss: () =>
      weighted([
        { loss: softTargets(), weight: 0.5 },
        { loss: crossEntropy(), weight: linear(1, 0) },
      ]),
  },
  weightedSoftLabels: { loss: () => losses.weightedSoftLabels() },
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
