/** Operations that tfjs lacks, passed as one argument to code that must not load tfjs. */
export { gelu } from './ops/gelu.ts';
export { hardSwish } from './ops/hardSwish.ts';
export { layerNorm } from './ops/layerNorm.ts';
export { logSoftmax } from './ops/logSoftmax.ts';
export { silu } from './ops/silu.ts';
