// For training loops of your own: tfjs on limbeck's kernels, on the thread that imports this (best in a worker). The
// package's main entry exports errors and the types of options.
import './core/dispose.ts';

export { type Configuration, configure, type WorkerSource } from './core/configure.ts';
export type { OpenBackend } from './runtime/backends/backend.ts';
export { openBackendHere as openBackend } from './runtime/backends/open.ts';
export { type AttentionOptions, attention } from './runtime/ops/attention.ts';
export { dropout } from './runtime/ops/dropout.ts';
export { gelu } from './runtime/ops/gelu.ts';
export { gru } from './runtime/ops/gru.ts';
export { hardSwish } from './runtime/ops/hardSwish.ts';
export { layerNorm } from './runtime/ops/layerNorm.ts';
export { lstm } from './runtime/ops/lstm.ts';
export { silu } from './runtime/ops/silu.ts';
export * as tf from './runtime/tf.ts';
export { registerActivations } from './student/layers/activations.ts';
export { type MultiHeadAttentionConfig, multiHeadAttention } from './student/layers/multiHeadAttention.ts';
export type { OnnxOperatorConfig } from './student/layers/onnxOperator.ts';
export { positionEmbedding } from './student/layers/positionEmbedding.ts';
export { type SoftArgmaxConfig, softArgmax } from './student/layers/softArgmax.ts';
export { type TokenBagConfig, tokenBag } from './student/layers/tokenBag.ts';
export { loadOnnxOperator } from './student/loadOnnxOperator.ts';
export { makeOptimizer } from './train/optimizer.ts';
export type { OptimizerState, StepOptimizer } from './train/stepOptimizer.ts';
