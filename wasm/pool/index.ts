import { gemm, gemmReduce } from '../gemm';
import { maxPoolGrad } from '../max-pool-grad';
import { padImages } from '../pad-images';

/**
 * Runs one kernel on several threads over one shared memory. The calling thread writes a job, wakes the helpers, does
 * the first part itself and waits for the rest; helpers spin briefly for the next job, then sleep.
 * The control block: 32-bit words in this order; `runtime/kernels/pool.ts` owns it.
 */
const SEQUENCE: usize = 0;
const FINISHED: usize = 4;
const KERNEL: usize = 8;
const ARGS: usize = 12;
const PARTS: usize = 16;

/** About twenty microseconds: longer than the gap between two kernels of a step, short beside a time slice. */
const SPINS: i32 = 4000;

/** Kernel numbers, in the order that `runtime/kernels/pool.ts` names them. */
export function runKernel(kernel: i32, args: usize, scratch: usize, part: i32, parts: i32): void {
  if (kernel == 0) gemm(args, scratch, part, parts);
  else if (kernel == 1) gemmReduce(args, scratch, part, parts);
  else if (kernel == 2) maxPoolGrad(args, scratch, part, parts);
  else if (kernel == 3) padImages(args, scratch, part, parts);
}

/** Runs a kernel on this thread and `parts` − 1 helpers, and returns when all of it is done. */
export function runShared(control: usize, kernel: i32, args: usize, scratch: usize, parts: i32, helpers: i32): void {
  store<i32>(control + KERNEL, kernel);
  store<i32>(control + ARGS, <i32>args);
  store<i32>(control + PARTS, parts);
  atomic.store<i32>(control + FINISHED, 0);
  atomic.add<i32>(control + SEQUENCE, 1);
  atomic.notify(control + SEQUENCE, -1);
  runKernel(kernel, args, scratch, 0, parts);
  while (atomic.load<i32>(control + FINISHED) < helpers) {}
}

/** The life of a helper: it ends with its worker. */
export function helperLoop(control: usize, scratch: usize, part: i32): void {
  let seen = 0;
  while (true) {
    let spins = 0;
    while (atomic.load<i32>(control + SEQUENCE) == seen) {
      if (++spins > SPINS) atomic.wait<i32>(control + SEQUENCE, seen, -1);
    }
    seen++;
    const kernel = load<i32>(control + KERNEL);
    const parts = load<i32>(control + PARTS);
    if (part < parts) runKernel(kernel, <usize>load<i32>(control + ARGS), scratch, part, parts);
    atomic.add<i32>(control + FINISHED, 1);
  }
}
