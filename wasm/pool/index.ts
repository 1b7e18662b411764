import { runKernel } from '../dispatch';

/**
 * Runs one kernel on several threads over one shared memory. The calling thread writes a job, wakes the helpers, does
 * the first part itself and waits for the rest; helpers spin briefly for the next job, then sleep. No wait is endless:
 * the caller measures how long nothing moves (`runtime/kernels/pool.ts`). The control block: 32-bit words in this
 * order; `runtime/kernels/pool.ts` owns it.
 */
const SEQUENCE: usize = 0;
const FINISHED: usize = 4;
const KERNEL: usize = 8;
const ARGS: usize = 12;
const PARTS: usize = 16;

/** About twenty microseconds: longer than the gap between two kernels of a step, short compared with a time slice. */
const SPINS: i32 = 4000;
/** Some tenths of a second. */
const LONG_SPINS: i32 = 50_000_000;

/** In place of a kernel's number: the helper is to leave. */
const STOP: i32 = -1;
/** What a failed helper adds to FINISHED: more than all helpers together. */
const FAILED: i32 = 65_536;

/** The result of a wait. */
const LATE: i32 = 0;
const DONE: i32 = 1;
const DEAD: i32 = 2;

/**
 * Runs a kernel on this thread and `parts` − 1 helpers; returns 1 once all is done, else what `awaitHelpers` returns.
 */
export function runShared(control: usize, kernel: i32, args: usize, scratch: usize, parts: i32, helpers: i32): i32 {
  store<i32>(control + ARGS, <i32>args);
  store<i32>(control + PARTS, parts);
  announce(control, kernel);
  runKernel(kernel, args, scratch, 0, parts);
  return awaitHelpers(control, helpers);
}

/** Waits for the helpers: 1 once all have done their parts, 2 if one failed, 0 after some tenths of a second. */
export function awaitHelpers(control: usize, helpers: i32): i32 {
  for (let spins = 0; spins < LONG_SPINS; spins++) {
    const finished = atomic.load<i32>(control + FINISHED);
    if (finished >= helpers) return finished == helpers ? DONE : DEAD;
  }
  return LATE;
}

/**
 * Runs recorded kernels one after the other: number, argument address, whether all threads take part, and a spare word.
 * With 0 `helpers` the calling thread does everything, and existing helpers sleep on. Returns how many are done;
 * helpers are still working on the next one, and `awaitHelpers` reports its state.
 */
export function runPlan(control: usize, table: usize, count: i32, scratch: usize, helpers: i32): i32 {
  for (let i = 0; i < count; i++) {
    const kernel = load<i32>(table);
    const args = <usize>load<i32>(table, 4);
    if (helpers > 0 && load<i32>(table, 8) == 1) {
      if (runShared(control, kernel, args, scratch, helpers + 1, helpers) != DONE) return i;
    } else runKernel(kernel, args, scratch, 0, 1);
    table += 16;
  }
  return count;
}

function announce(control: usize, kernel: i32): void {
  store<i32>(control + KERNEL, kernel);
  atomic.store<i32>(control + FINISHED, 0);
  atomic.add<i32>(control + SEQUENCE, 1);
  atomic.notify(control + SEQUENCE, -1);
}

/**
 * Sends the helpers away; `awaitHelpers` says whether they have left. A worker that is told to end still runs for a
 * while, and would take whatever is at the control block's address by then as its next job.
 */
export function stopHelpers(control: usize): void {
  announce(control, STOP);
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

/** A helper's last word, after a trap. */
export function helperFailed(control: usize): void {
  atomic.add<i32>(control + FINISHED, FAILED);
}
