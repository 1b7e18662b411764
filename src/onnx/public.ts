// What the package exports of this folder.

export type {
  InspectOptions,
  OnnxDescription,
  OnnxLength,
  OnnxNodeDescription,
  OnnxTensorDescription,
} from './describe/description.ts';
export { inspectOnnx } from './describe/inspect.ts';
export type { LayerWeight } from './describe/listWeights.ts';
export type { NodeInputTap, NodeOutputTap, Tap, TapPlace, TensorTap } from './describe/taps.ts';
export type { LowRankDelta } from './edit/addLowRank.ts';
