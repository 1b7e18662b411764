export { runKernel } from './dispatch';
export { gemmScratchBytes } from './gemm';
export { helperLoop, runPlan, runShared, stopHelpers } from './pool';
