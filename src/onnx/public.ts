// What the package exports of this folder.

export type { LowRankDelta } from './addLowRank.ts';
export type {
  InspectOptions,
  OnnxDescription,
  OnnxLength,
  OnnxNodeDescription,
  OnnxTensorDescription,
} from './description.ts';
export { inspectOnnx } from './inspect.ts';
export type { LayerWeight } from './listWeights.ts';
export type { NodeInputTap, NodeOutputTap, Tap, TapPlace, TensorTap } from './taps.ts';
