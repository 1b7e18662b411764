import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { sizeOf } from '../../core/shape.ts';
import * as tf from '../../runtime/tf.ts';
import * as losses from '../all.ts';
import type { Loss, LossShapes } from '../loss.ts';
import { describeOnCpu } from './responseCases.ts';

/**
 * The weights of the docstrings are those with which a loss's gradient with respect to what it reads is as long as that of
 * crossEntropy, at random inputs. That depends on the inputs, and papers choose others for their reasons; it shall be
 * right within this factor.
 */
const WITHIN = 8;
const CLASSES = 10;

/** Losses without a weight of their own, and those that are made to stand alone. */
const NO_ROW = ['uncertaintyWeighted', 'weighted'];
const NOT_MEASURED = ['boundedRegression', 'collaborative', 'earlyExits', 'exampleWeighted', 'gatedBranches', 'mutual'];

const pair = { output: 'a', teacherOutput: 'b' } as const;
const members = { teacherOutputs: ['logits@0', 'logits@1'] };
const ofLogits = {
  classWise: losses.classWise(),
  confidenceWeighted: losses.confidenceWeighted(members),
  consistency: losses.consistency(),
  crossEntropy: losses.crossEntropy(),
  decoupledTargets: losses.decoupledTargets(),
  distributionCorrelation: losses.distributionCorrelation(),
  entropyWeighted: losses.entropyWeighted(members),
  formerOutputs: losses.formerOutputs(),
  generalizedDivergence: losses.generalizedDivergence(),
  informationMaximization: losses.informationMaximization(),
  labelSmoothing: losses.labelSmoothing(),
  learnedTeachers: losses.learnedTeachers({ ...members, features: 'logits' }),
  listNet: losses.listNet({ output: 'logits' }),
  multiLevelTargets: losses.multiLevelTargets(),
  normalizedTargets: losses.normalizedTargets(),
  progressiveTargets: losses.progressiveTargets(),
  rankNet: losses.rankNet({ output: 'logits' }),
  softCrossEntropy: losses.softCrossEntropy(),
  softTargets: losses.softTargets(),
  standardizedTargets: losses.standardizedTargets(),
  teacherFree: losses.teacherFree(),
  weightedSoftLabels: losses.weightedSoftLabels(),
};
/** Of numbers whose deviation is 1 on both sides. */
const ofNumbers = {
  logitRegression: losses.logitRegression(),
  marginMse: losses.marginMse({ output: 'logits' }),
  regression: losses.regression({ output: 'logits' }),
};
const ofMaps = {
  activationBoundary: losses.activationBoundary(pair),
  attentionMap: losses.attentionMap(pair),
  channelSimilarity: losses.channelSimilarity(pair),
  channelWise: losses.channelWise(pair),
  embeddingMatch: losses.embeddingMatch(pair),
  factorTransfer: losses.factorTransfer(pair),
  featureAlign: losses.featureAlign({ output: 'a', teacherOutputs: ['b'] }),
  featureHint: losses.featureHint(pair),
  featureNormalized: losses.featureNormalized(pair),
  flow: losses.flow({ outputs: ['a', 'a'], teacherOutputs: ['b', 'b'] }),
  maskedGeneration: losses.maskedGeneration(pair),
  neuronSelectivity: losses.neuronSelectivity(pair),
  overhaul: losses.overhaul(pair),
  review: losses.review({ outputs: ['a'], teacherOutputs: ['b'] }),
  variationalInformation: losses.variationalInformation(pair),
};
const ofRows = {
  contrastive: losses.contrastive(pair),
  correlationCongruence: losses.correlationCongruence(pair),
  hardDarkRank: losses.hardDarkRank(pair),
  instanceGraph: losses.instanceGraph({ outputs: ['a'], teacherOutputs: ['b'] }),
  localStructure: losses.localStructure(pair),
  multiHeadRelation: losses.multiHeadRelation(pair),
  probabilityTransfer: losses.probabilityTransfer(pair),
  relationAngle: losses.relationAngle(pair),
  relationDistance: losses.relationDistance(pair),
  similarity: losses.similarity(pair),
};
const ofSequences = { attentionRelations: losses.attentionRelations({ output: 'a' }) };
const measured = { ...ofLogits, ...ofNumbers, ...ofMaps, ...ofRows, ...ofSequences };

/** Normal numbers, of deviation 1 for the student, cut at 0 where they are activated. */
interface Random {
  readonly teacher: number;
  readonly isActivated?: boolean;
}

const barrel = readFileSync(new URL('../all.ts', import.meta.url), 'utf8');

/** The first number of the row 'Weight'. */
function documented(name: string): number {
  const file = /'\.(.*)'/.exec(barrel.split('\n').find((line) => line.includes(`/${name}.ts'`)) ?? '')?.[1];
  const text = readFileSync(new URL(`..${file}`, import.meta.url), 'utf8');
  return Number(/^ \* Weight {4}([\d.]+)/m.exec(text)?.[1]);
}

test('every loss says which weight suits it', () => {
  const covered = [...Object.keys(measured), ...NOT_MEASURED, ...NO_ROW];
  expect(covered.sort()).toEqual(Object.keys(losses).sort());
  const rows = [...Object.keys(measured), ...NOT_MEASURED.filter((name) => name !== 'exampleWeighted')];
  for (const name of rows) expect(documented(name), name).toBeGreaterThan(0);
});

describeOnCpu('a weight that is documented', () => {
  const normal = (shape: readonly number[], seed: number, stdDev = 1) =>
    tf.randomNormal([...shape], 0, stdDev, 'float32', seed);
  const lengthOf = (slopes: tf.Tensor) => Math.sqrt(tf.sum(tf.square(slopes)).dataSync()[0] as number);
  const slopesOf = (of: (student: tf.Tensor) => tf.Tensor, at: tf.Tensor) =>
    lengthOf(tf.grad((student) => of(student))(at));

  /** How much longer the gradient of crossEntropy is; what is no logits goes through a mean over positions and a layer. */
  function factorOf(
    loss: Loss,
    examples: number,
    shape: readonly number[],
    { teacher: stdDev, isActivated = false }: Random,
  ): number {
    const activated = (values: tf.Tensor) => (isActivated ? tf.relu(values) : values);
    const student = activated(normal([examples, ...shape], 1));
    const teacher = activated(normal([examples, ...shape], 2, stdDev));
    const other = normal([examples, ...shape], 3, stdDev);
    const names = loss.reads.teacher;
    const shapes: LossShapes = {
      student: Object.fromEntries(loss.reads.student.map((name) => [name, shape])),
      teacher: Object.fromEntries(names.map((name) => [name, shape])),
      batchSize: examples,
      examples,
    };
    const features = shape.at(-1) as number;
    const layer = normal([features, CLASSES], 4, Math.sqrt(2 / (features + CLASSES))) as tf.Tensor2D;
    const isLogits = features === CLASSES;
    const logitsOf = (values: tf.Tensor) =>
      isLogits ? values : tf.matMul(tf.mean(tf.reshape(values, [examples, -1, features]), 1) as tf.Tensor2D, layer);
    const labels = tf.cast(tf.argMax(isLogits ? teacher : normal([examples, CLASSES], 5), 1), 'int32') as tf.Tensor1D;
    const made = Object.entries(loss.parameters?.(shapes) ?? {}).map(([name, { shape: of, initial }], i) => {
      const outgoing = of.at(-1) as number;
      const spread = initial === 'standard-normal' ? 1 : Math.sqrt(2 / (sizeOf(of) / outgoing + outgoing));
      return [name, typeof initial === 'number' ? tf.fill([...of], initial) : normal(of, 6 + i, spread)] as const;
    });
    const tensors = {
      teacher: Object.fromEntries(names.map((name, i) => [name, i === 1 && names.length === 2 ? other : teacher])),
      parameters: Object.fromEntries(made),
      labels,
      ...(loss.numbers && { numbers: tf.tensor1d([...loss.numbers({ step: 5, steps: 9, epoch: 5, epochs: 9 })]) }),
    };
    const read = (values: tf.Tensor) => Object.fromEntries(loss.reads.student.map((name) => [name, values]));
    const byLoss = slopesOf((values) => loss.compute(tf, { ...tensors, student: read(values) }), student);
    const byLabels = (values: tf.Tensor) =>
      losses.crossEntropy().compute(tf, { student: { logits: logitsOf(values) }, teacher: {}, labels });
    return slopesOf(byLabels, student) / byLoss;
  }

  const cases: readonly [Readonly<Record<string, Loss>>, number, readonly number[], Random][] = [
    [ofLogits, 64, [CLASSES], { teacher: 3 }],
    [ofNumbers, 64, [CLASSES], { teacher: 1 }],
    [ofMaps, 8, [7, 7, 16], { teacher: 1, isActivated: true }],
    [ofRows, 64, [128], { teacher: 1 }],
    [ofSequences, 8, [8, 64], { teacher: 1 }],
  ];
  test.each(
    cases.flatMap(([some, ...setting]) => Object.entries(some).map(([name, loss]) => ({ name, loss, setting }))),
  )('is right for $name', ({ name, loss, setting }) => {
    let factor = 0;
    tf.tidy(() => {
      factor = factorOf(loss, ...setting);
    });
    const share = factor / documented(name);
    expect(share, `${factor}`).toBeGreaterThan(1 / WITHIN);
    expect(share, `${factor}`).toBeLessThan(WITHIN);
  });
});
