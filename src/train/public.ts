// What the package exports of this folder.
export { type MeasureOptions, measure } from './measure.ts';
export type { Metric, MetricInputs, OutputKind } from './metric.ts';
export type { OptimizerName, OptimizerOptions } from './optimizerOptions.ts';
export { releaseTrainer } from './pageTrainer.ts';
export type { GainedAndLost } from './paired.ts';
export type * from './parts/options.ts';
export type { ThreadFigures } from './threadChoice.ts';
export { openTrainer, type Trainer, type TrainerOptions } from './trainer.ts';
