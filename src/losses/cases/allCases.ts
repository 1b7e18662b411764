// Every loss with options that it takes and shapes that suit it. Only tests import this file.
import { LimbeckError } from '../../core/errors.ts';
import * as losses from '../all.ts';
import type { Loss, LossShapes } from '../loss.ts';
import { linear } from '../schedule.ts';
import { checkShapes } from '../terms.ts';

type Shapes = LossShapes['student'];

export interface AnyLoss {
  /** With these options changed. */
  make(changed?: object): Loss;
  readonly shapes: LossShapes;
  /** False for what is made of losses, and not of options. */
  readonly hasOptions: boolean;
}

const MORE = { batchSize: 8, examples: 100 };
const logits = { logits: [4] };
const values = { values: [3] };
const scores = { scores: [5] };
const pair = { output: 'a', teacherOutput: 'b' } as const;
const members = { teacherOutputs: ['logits@0', 'logits@1'] } as const;
const fromMembers = { 'logits@0': [4], 'logits@1': [4] };
const peers = { 'logits.0': [4], 'logits.1': [4] };
const parts = Object.fromEntries(['queries', 'keys', 'values'].map((part) => [`attention/${part}`, [5, 16]]));

function of<O extends object>(make: (options: O) => Loss, options: O, student: Shapes, teacher: Shapes = {}): AnyLoss {
  return {
    make: (changed = {}) => make({ ...options, ...changed }),
    shapes: { student, teacher, ...MORE },
    hasOptions: true,
  };
}

/** On the logits of both sides. */
const response = <O extends object>(make: (options: O) => Loss) => of(make, {} as O, logits, logits);
/** On features of any sizes. */
const relation = <O extends object>(make: (options: O) => Loss) =>
  of(make, pair as unknown as O, { a: [6] }, { b: [3, 3, 2] });
/** On maps of equal channels. */
const feature = <O extends object>(make: (options: O) => Loss, more: object = {}) =>
  of(make, { ...pair, ...more } as unknown as O, { a: [6, 6, 4] }, { b: [3, 3, 4] });

const combined = (make: () => Loss): AnyLoss => ({
  make,
  shapes: { student: logits, teacher: logits, ...MORE },
  hasOptions: false,
});

export const allLosses: Readonly<Record<keyof typeof losses, AnyLoss>> = {
  activationBoundary: feature(losses.activationBoundary, { projector: 'none' }),
  attentionMap: feature(losses.attentionMap),
  attentionRelations: of(losses.attentionRelations, { output: 'attention' }, parts, parts),
  boundedRegression: of(losses.boundedRegression, {}, values, { ...values, target: [3] }),
  channelSimilarity: feature(losses.channelSimilarity, { projector: 'none' }),
  channelWise: feature(losses.channelWise),
  classWise: of(losses.classWise, {}, logits),
  collaborative: of(losses.collaborative, {}, peers),
  confidenceWeighted: of(losses.confidenceWeighted, members, logits, fromMembers),
  consistency: of(losses.consistency, {}, logits, { self: [4] }),
  contrastive: relation(losses.contrastive),
  correlationCongruence: relation(losses.correlationCongruence),
  crossEntropy: of(losses.crossEntropy, {}, logits),
  decoupledTargets: response(losses.decoupledTargets),
  distributionCorrelation: response(losses.distributionCorrelation),
  earlyExits: of(losses.earlyExits, { from: 'teacher' as const }, { ...logits, 'exit.0': [4] }, logits),
  embeddingMatch: feature(losses.embeddingMatch, { projector: 'none' }),
  entropyWeighted: of(losses.entropyWeighted, members, logits, fromMembers),
  exampleWeighted: response((options) => losses.exampleWeighted(losses.softTargets(), options)),
  factorTransfer: feature(losses.factorTransfer),
  featureAlign: of(
    losses.featureAlign,
    { output: 'a', teacherOutputs: ['b', 'c'], projector: 'none' },
    { a: [6, 6, 4] },
    { b: [3, 3, 4], c: [6, 6, 4] },
  ),
  featureHint: feature(losses.featureHint, { projector: 'none' }),
  featureNormalized: feature(losses.featureNormalized),
  flow: of(
    losses.flow,
    { outputs: ['a', 'b'], teacherOutputs: ['c', 'd'] },
    { a: [6, 6, 4], b: [3, 3, 5] },
    { c: [6, 6, 4], d: [6, 6, 5] },
  ),
  formerOutputs: response(losses.formerOutputs),
  gatedBranches: of(losses.gatedBranches, { branches: 2 }, { ...logits, ...peers }),
  generalizedDivergence: response(losses.generalizedDivergence),
  hardDarkRank: relation(losses.hardDarkRank),
  informationMaximization: of(losses.informationMaximization, {}, logits),
  instanceGraph: of(losses.instanceGraph, { outputs: ['a'], teacherOutputs: ['b'] }, { a: [6] }, { b: [3, 3, 2] }),
  labelSmoothing: of(losses.labelSmoothing, {}, logits),
  learnedTeachers: of(losses.learnedTeachers, { ...members, features: 'a' }, { ...logits, a: [6] }, fromMembers),
  listNet: of(losses.listNet, {}, scores, scores),
  localStructure: relation(losses.localStructure),
  logitRegression: response(losses.logitRegression),
  marginMse: of(losses.marginMse, {}, scores, scores),
  maskedGeneration: feature(losses.maskedGeneration),
  multiHeadRelation: relation(losses.multiHeadRelation),
  multiLevelTargets: response(losses.multiLevelTargets),
  mutual: of(losses.mutual, {}, peers),
  neuronSelectivity: feature(losses.neuronSelectivity),
  normalizedTargets: response(losses.normalizedTargets),
  overhaul: feature(losses.overhaul, { projector: 'none' }),
  probabilityTransfer: relation(losses.probabilityTransfer),
  progressiveTargets: of(losses.progressiveTargets, {}, logits, { self: [4] }),
  rankNet: of(losses.rankNet, {}, scores, scores),
  regression: of(losses.regression, {}, values, values),
  relationAngle: relation(losses.relationAngle),
  relationDistance: relation(losses.relationDistance),
  review: of(
    losses.review,
    { outputs: ['a', 'b'], teacherOutputs: ['c', 'd'], width: 3 },
    { a: [6, 6, 4], b: [5] },
    { c: [3, 3, 4], d: [7] },
  ),
  similarity: relation(losses.similarity),
  softCrossEntropy: response(losses.softCrossEntropy),
  softTargets: response(losses.softTargets),
  standardizedTargets: response(losses.standardizedTargets),
  teacherFree: of(losses.teacherFree, {}, logits),
  uncertaintyWeighted: combined(() => losses.uncertaintyWeighted([losses.softTargets(), losses.crossEntropy()])),
  variationalInformation: feature(losses.variationalInformation),
  weighted: combined(() =>
    losses.weighted([
      { loss: losses.softTargets(), weight: linear(0, 1) },
      { loss: losses.crossEntropy(), weight: 1 },
    ]),
  ),
  weightedSoftLabels: response(losses.weightedSoftLabels),
};

/** Those that take examples without a label among the labelled ones. */
export const WITHOUT_LABELS: readonly string[] = [
  ...['collaborative', 'crossEntropy', 'decoupledTargets', 'gatedBranches', 'mutual'],
  ...['uncertaintyWeighted', 'weighted'],
];

/** What is thrown; a LimbeckError, or the test fails. */
export function refusal(attempt: () => unknown): LimbeckError {
  try {
    attempt();
  } catch (error) {
    if (error instanceof LimbeckError) return error;
    throw error;
  }
  throw new Error('It was not refused.');
}

/** All that happens before the first step. */
export function prepare(loss: Loss, shapes: LossShapes): void {
  checkShapes(loss, shapes);
  loss.parameters?.(shapes);
}
