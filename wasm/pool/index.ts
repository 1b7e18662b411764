import { runKernel } from '../dispatch';

/**
 * Runs one kernel on several threads over one shared memory. The calling thread writes a job and wakes the helpers; each thread takes
 * its own part, then those that nobody has taken, so that a helper which the machine keeps waiting delays nothing that it has not
 * begun. Helpers spin briefly for the next job, then sleep. No wait is endless: the caller measures how long nothing moves
 * (`runtime/kernels/pool.ts`). The control block: 32-bit words in this order; `runtime/kernels/pool.ts` owns it.
 */
const SEQUENCE: usize = 0;
/** Parts that are done, and FAILED for each helper that has trapped. */
const FINISHED: usize = 4;
const KERNEL: usize = 8;
const ARGS: usize = 12;
const PARTS: usize = 16;
/**
 * A bit for each part that nobody has taken. Whoever takes one belongs to the job until it is done: only then are the words of the
 * job read, and they stay until all parts are done. A helper that was late by a whole job takes a part of the one that is open.
 */
const FREE: usize = 20;
/** How many parts in a row are a thread's own. */
const OWN: usize = 24;
/** A word has no more bits. */
export const MOST_PARTS: i32 = 32;

/** About twenty microseconds: longer than the gap between two kernels of a step, short compared with a time slice. */
const SPINS: i32 = 4000;
/** Some tenths of a second. */
const LONG_SPINS: i32 = 50_000_000;

/** In place of a kernel's number: the helper is to leave. */
const STOP: i32 = -1;
/** What a failed helper adds to FINISHED: more than all parts together. */
const FAILED: i32 = 65_536;

/** The result of a wait. */
const LATE: i32 = 0;
const DONE: i32 = 1;
const DEAD: i32 = 2;

/**
 * Runs a kernel on this thread and the helpers, in `parts` parts, of which `own` in a row are each thread's; returns 1 once all is
 * done, else what `awaitParts` returns.
 */
export function runShared(control: usize, kernel: i32, args: usize, scratch: usize, parts: i32, own: i32): i32 {
  // The last job's parts are done, so nobody counts or reads here.
  atomic.store<i32>(control + FINISHED, 0);
  store<i32>(control + KERNEL, kernel);
  store<i32>(control + ARGS, <i32>args);
  store<i32>(control + PARTS, parts);
  atomic.store<i32>(control + OWN, own);
  atomic.store<i32>(control + FREE, -1 >>> (MOST_PARTS - parts));
  announce(control);
  takeParts(control, scratch, 0);
  return awaitParts(control, parts);
}

/** Waits for the parts, or for helpers that leave: 1 once so many are done, 2 if one failed, 0 after some tenths of a second. */
export function awaitParts(control: usize, parts: i32): i32 {
  for (let spins = 0; spins < LONG_SPINS; spins++) {
    const finished = atomic.load<i32>(control + FINISHED);
    if (finished >= parts) return finished == parts ? DONE : DEAD;
  }
  return LATE;
}

/** Computes this thread's own parts from the first on, and then those of others from the last on. */
function takeParts(control: usize, scratch: usize, thread: i32): void {
  while (true) {
    const free = atomic.load<i32>(control + FREE);
    if (free == 0) return;
    // Of another job, if this thread is late: then it only takes parts in another order.
    const count = atomic.load<i32>(control + OWN);
    const own = free & (((1 << count) - 1) << (thread * count));
    const part = own != 0 ? ctz<i32>(own) : 31 - clz<i32>(free);
    if (atomic.cmpxchg<i32>(control + FREE, free, free & ~(1 << part)) != free) continue;
    runKernel(load<i32>(control + KERNEL), <usize>load<i32>(control + ARGS), scratch, part, load<i32>(control + PARTS));
    atomic.add<i32>(control + FINISHED, 1);
  }
}

/**
 * Runs recorded kernels one after the other: number, argument address, parts, and how many of them are a thread's own.
 * With 0 `helpers` the calling thread does everything, and existing helpers sleep on. Returns how many are done;
 * helpers are still working on the next one, and `awaitParts` reports its state.
 */
export function runPlan(control: usize, table: usize, count: i32, scratch: usize, helpers: i32): i32 {
  for (let i = 0; i < count; i++) {
    const kernel = load<i32>(table);
    const args = <usize>load<i32>(table, 4);
    const parts = load<i32>(table, 8);
    if (helpers > 0 && parts > 1) {
      if (runShared(control, kernel, args, scratch, parts, load<i32>(table, 12)) != DONE) return i;
    } else runKernel(kernel, args, scratch, 0, 1);
    table += 16;
  }
  return count;
}

function announce(control: usize): void {
  atomic.add<i32>(control + SEQUENCE, 1);
  atomic.notify(control + SEQUENCE, -1);
}

/**
 * Sends the helpers away; `awaitParts` says whether they have left. A worker that is told to end still runs for a
 * while, and would take whatever is at the control block's address by then as its next job.
 */
export function stopHelpers(control: usize): void {
  atomic.store<i32>(control + FINISHED, 0);
  atomic.store<i32>(control + KERNEL, STOP);
  announce(control);
}

/** The life of a helper, until it is sent away. */
export function helperLoop(control: usize, scratch: usize, part: i32): void {
  let seen = 0;
  while (true) {
    let spins = 0;
    let sequence = atomic.load<i32>(control + SEQUENCE);
    while (sequence == seen) {
      if (++spins > SPINS) atomic.wait<i32>(control + SEQUENCE, seen, -1);
      sequence = atomic.load<i32>(control + SEQUENCE);
    }
    seen = sequence;
    if (atomic.load<i32>(control + KERNEL) == STOP) {
      atomic.add<i32>(control + FINISHED, 1);
      return;
    }
    takeParts(control, scratch, part);
  }
}

/** A helper's last word, after a trap. */
export function helperFailed(control: usize): void {
  atomic.add<i32>(control + FINISHED, FAILED);
}
