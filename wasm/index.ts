export { runKernel } from './dispatch';
export { gemmScratchBytes } from './gemm';
export { helperLoop, runShared, stopHelpers } from './pool';
