export { gemmScratchBytes } from './gemm';
export { helperLoop, runKernel, runShared, stopHelpers } from './pool';
