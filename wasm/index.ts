export { runKernel } from './dispatch';
export { gemmScratchBytes } from './gemm';
export { awaitParts, helperFailed, helperLoop, runPlan, runShared, stopHelpers } from './pool';
