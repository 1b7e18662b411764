// What the package exports of this folder.

export type { ThreadFigures } from '../runtime/kernels/threadChoice.ts';
export { type MeasureOptions, measure } from './measure.ts';
export type { Metric, MetricInputs, OutputKind } from './metric.ts';
export { type CorrectPointsOptions, correctPointsOf } from './metrics/correctPoints.ts';
export { normalizedGainOf } from './metrics/normalizedGain.ts';
export { normalizedMeanErrorOf, type PointErrorOptions } from './metrics/normalizedMeanError.ts';
export { macroF1 } from './metrics/optional/macroF1.ts';
export { type TopAccuracyOptions, topAccuracy } from './metrics/optional/topAccuracy.ts';
export { reciprocalRankOf } from './metrics/reciprocalRank.ts';
export { topRecallOf } from './metrics/topRecall.ts';
export type { OptimizerName, OptimizerOptions } from './optimizerOptions.ts';
export { releaseTrainer } from './pageTrainer.ts';
export type { GainedAndLost } from './paired.ts';
export type * from './parts/options.ts';
export type { RankingMetricOptions } from './rankedLists.ts';
export { openTrainer, type Trainer, type TrainerOptions } from './trainer.ts';
