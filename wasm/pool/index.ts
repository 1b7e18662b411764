import { runKernel } from '../dispatch';

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

/** In place of a kernel's number: the helper is to leave. */
const STOP: i32 = -1;
/** Some seconds; a helper that has not left by then is not alive. */
const STOP_SPINS: i32 = 500_000_000;

/** Runs a kernel on this thread and `parts` − 1 helpers, and returns when all of it is done. */
export function runShared(control: usize, kernel: i32, args: usize, scratch: usize, parts: i32, helpers: i32): void {
  store<i32>(control + ARGS, <i32>args);
  store<i32>(control + PARTS, parts);
  announce(control, kernel);
  runKernel(kernel, args, scratch, 0, parts);
  while (atomic.load<i32>(control + FINISHED) < helpers) {}
}

/**
 * Runs recorded kernels one after the other: number, argument address, whether all threads take part, and a spare word.
 * With 0 `helpers` the calling thread does it all; those that there are sleep on, and are not told of these jobs.
 */
export function runPlan(control: usize, table: usize, count: i32, scratch: usize, helpers: i32): void {
  for (let i = 0; i < count; i++) {
    const kernel = load<i32>(table);
    const args = <usize>load<i32>(table, 4);
    if (helpers > 0 && load<i32>(table, 8) == 1) runShared(control, kernel, args, scratch, helpers + 1, helpers);
    else runKernel(kernel, args, scratch, 0, 1);
    table += 16;
  }
}

function announce(control: usize, kernel: i32): void {
  store<i32>(control + KERNEL, kernel);
  atomic.store<i32>(control + FINISHED, 0);
  atomic.add<i32>(control + SEQUENCE, 1);
  atomic.notify(control + SEQUENCE, -1);
}

/**
 * Sends the helpers away and waits until they have left: a worker that is told to end still runs for a while, and would
 * take whatever comes to lie at the control block's address for its next job. Gives 1 once nobody reads it any more.
 */
export function stopHelpers(control: usize, helpers: i32): i32 {
  announce(control, STOP);
  for (let spins = 0; spins < STOP_SPINS; spins++) {
    if (atomic.load<i32>(control + FINISHED) == helpers) return 1;
  }
  return 0;
}

/** The life of a helper, until it is sent away. */
export function helperLoop(control: usize, scratch: usize, part: i32): void {
  let seen = 0;
  while (true) {
    let spins = 0;
    while (atomic.load<i32>(control + SEQUENCE) == seen) {
      if (++spins > SPINS) atomic.wait<i32>(control + SEQUENCE, seen, -1);
    }
    seen++;
    const kernel = load<i32>(control + KERNEL);
    if (kernel == STOP) {
      atomic.add<i32>(control + FINISHED, 1);
      return;
    }
    const parts = load<i32>(control + PARTS);
    if (part < parts) runKernel(kernel, <usize>load<i32>(control + ARGS), scratch, part, parts);
    atomic.add<i32>(control + FINISHED, 1);
  }
}
