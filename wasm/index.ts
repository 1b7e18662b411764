export { gemmScratchBytes } from './gemm';
export { helperLoop, runKernel, runShared } from './pool';
