export { runKernel } from './dispatch';
export { gemmScratchBytes } from './gemm';
export { awaitHelpers, helperFailed, helperLoop, runPlan, runShared, stopHelpers } from './pool';
