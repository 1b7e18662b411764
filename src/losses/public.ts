// What the package exports of this folder.
export * from './all.ts';
export type { TopPositionsOptions } from './candidateOrder.ts';
export type { FeaturePairOptions, FeatureProjector } from './featurePair.ts';
export type { Loss, LossParameter, LossReads, LossShapes, LossTensors, Progress } from './loss.ts';
export type { MembersOptions } from './memberDivergences.ts';
export type { OutputPairOptions, ScorePairOptions, StudentOutputOptions } from './outputPair.ts';
export {
  byStep,
  constant,
  cosine,
  linear,
  oneCycle,
  type Schedule,
  type Span,
  type SpanOptions,
  sigmoidRamp,
  warmUp,
} from './schedule.ts';
