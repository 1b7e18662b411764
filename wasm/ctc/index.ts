/**
 * Connectionist temporal classification: the loss of each example, summed over all paths through its label, and its
 * gradient in the same pass. Logarithms are float64, so neither many steps nor sure answers underflow.
 */
import { arg } from '../args';
import { exp, log } from '../math';
import { mathTable } from '../mathTable';
import { rowStart } from '../range';
import { exponentials, rowMax, scale } from '../softmax';

/** The argument block: 32-bit words in this order. `runtime/kernels/softmax/ctcLoss.ts` writes it. */
const LOGITS: i32 = 0;
const SEQUENCES: i32 = 1;
const GRADIENT: i32 = 2;
const LOSSES: i32 = 3;
/** `workBytes` for each example. */
const WORK: i32 = 4;
const WORK_BYTES: i32 = 5;
const BATCH: i32 = 6;
const TIME: i32 = 7;
const CLASSES: i32 = 8;
/** The longest label that fits a row of the sequences. */
const LENGTH: i32 = 9;
const BLANK: i32 = 10;
/** Whether loss and gradient are divided by the length of the label. */
const BY_LENGTH: i32 = 11;
/** Whether an example that no path can give counts nothing. */
const ZERO_INFINITY: i32 = 12;

const NEVER: f64 = -Infinity;

export function ctcLoss(args: usize, scratch: usize, part: i32, parts: i32): void {
  const time = arg(args, TIME);
  const classes = arg(args, CLASSES);
  const length = arg(args, LENGTH);
  const batch = arg(args, BATCH);
  const exampleBytes = (<usize>time * <usize>classes) << 2;
  const last = rowStart(batch, part + 1, parts);
  const t = mathTable(scratch);
  for (let example = rowStart(batch, part, parts); example < last; example++) {
    const sequence = <usize>arg(args, SEQUENCES) + ((<usize>example * <usize>length) << 2);
    const labels = labelLength(sequence, length, classes);
    const share: f64 = arg(args, BY_LENGTH) != 0 ? 1.0 / <f64>max(labels, 1) : 1.0;
    const logits = <usize>arg(args, LOGITS) + <usize>example * exampleBytes;
    const gradient = <usize>arg(args, GRADIENT) + <usize>example * exampleBytes;
    const work = <usize>arg(args, WORK) + <usize>example * <usize>arg(args, WORK_BYTES);
    let loss = paths(logits, sequence, gradient, work, time, classes, labels, arg(args, BLANK), share, t);
    if (loss == Infinity) {
      memory.fill(gradient, 0, exampleBytes);
      if (arg(args, ZERO_INFINITY) != 0) loss = 0;
    }
    store<f32>(<usize>arg(args, LOSSES) + (<usize>example << 2), <f32>loss);
  }
}

/** A label ends at its first number that is no class. */
function labelLength(sequence: usize, length: i32, classes: i32): i32 {
  let labels = 0;
  while (labels < length && <u32>load<i32>(sequence + (<usize>labels << 2)) < <u32>classes) labels++;
  return labels;
}

/** State s of a path: blanks at even places, the label's classes between them. */
@inline
function classOf(sequence: usize, state: i32, blank: i32): i32 {
  return (state & 1) != 0 ? load<i32>(sequence + (<usize>(state >> 1) << 2)) : blank;
}

/** Whether a path may come to this state from two before it: past the blank between different classes. */
@inline
function maySkip(sequence: usize, state: i32): bool {
  if (state < 3 || (state & 1) == 0) return false;
  const at = sequence + (<usize>(state >> 1) << 2);
  return load<i32>(at) != load<i32>(at - 4);
}

/** ln (e^a + e^b + e^c). */
function logSum(a: f64, b: f64, c: f64): f64 {
  const most = max<f64>(max<f64>(a, b), c);
  if (most == NEVER) return NEVER;
  return most + log(exp(a - most) + exp(b - most) + exp(c - most));
}

/**
 * −ln of the sum over all paths, times `share`; and share · (softmax − posterior), where the posterior is how often the
 * paths have each class at each step. The work holds ln Σ e^x of each step, then the forward variables [T, S], then one row
 * of the backward ones with a state behind it that no path reaches.
 */
function paths(
  logits: usize, sequence: usize, gradient: usize, work: usize, time: i32, classes: i32, labels: i32, blank: i32,
  share: f64, t: usize,
): f64 {
  const states = 2 * labels + 1;
  const rowBytes = <usize>classes << 2;
  const stateBytes = <usize>states << 3;
  const norms = work;
  const forward = norms + (<usize>time << 3);
  const backward = forward + <usize>time * stateBytes;

  for (let step = 0; step < time; step++) {
    const row = logits + <usize>step * rowBytes;
    const slopes = gradient + <usize>step * rowBytes;
    const most = rowMax(row, classes);
    const sum = exponentials(row, slopes, classes, most, t);
    scale(slopes, classes, <f32>(share / <f64>sum));
    const norm = <f64>most + log(<f64>sum);
    store<f64>(norms + (<usize>step << 3), norm);
    const now = forward + <usize>step * stateBytes;
    const before = now - stateBytes;
    for (let state = 0; state < states; state++) {
      const at = <usize>state << 3;
      let reached: f64 = NEVER;
      if (step == 0) {
        if (state < 2) reached = 0;
      } else {
        const one = state > 0 ? load<f64>(before + at - 8) : NEVER;
        const two = maySkip(sequence, state) ? load<f64>(before + at - 16) : NEVER;
        reached = logSum(load<f64>(before + at), one, two);
      }
      store<f64>(now + at, reached + logProb(row, sequence, state, blank, norm));
    }
  }

  const end = forward + <usize>(time - 1) * stateBytes + stateBytes;
  const total = logSum(load<f64>(end - 8), states > 1 ? load<f64>(end - 16) : NEVER, NEVER);
  if (total == NEVER) return Infinity;

  // Each holds what follows from its state, with that state's own answer at the step after this one.
  for (let state = 0; state <= states; state++) {
    store<f64>(backward + (<usize>state << 3), state == states - 1 || state == states - 2 ? 0 : NEVER);
  }
  for (let step = time - 1; step >= 0; step--) {
    const row = logits + <usize>step * rowBytes;
    const slopes = gradient + <usize>step * rowBytes;
    const norm = load<f64>(norms + (<usize>step << 3));
    const now = forward + <usize>step * stateBytes;
    let blanks: f64 = 0;
    for (let state = 0; state < states; state++) {
      const at = <usize>state << 3;
      let follows = load<f64>(backward + at);
      if (step < time - 1) {
        const two = state + 2 < states && maySkip(sequence, state + 2) ? load<f64>(backward + at + 16) : NEVER;
        follows = logSum(follows, load<f64>(backward + at + 8), two);
      }
      const posterior = exp(load<f64>(now + at) + follows - total);
      if ((state & 1) == 0) blanks += posterior;
      else subtract(slopes, classOf(sequence, state, blank), share * posterior);
      store<f64>(backward + at, follows + logProb(row, sequence, state, blank, norm));
    }
    subtract(slopes, blank, share * blanks);
  }
  return -total * share;
}

@inline
function logProb(row: usize, sequence: usize, state: i32, blank: i32, norm: f64): f64 {
  return <f64>load<f32>(row + (<usize>classOf(sequence, state, blank) << 2)) - norm;
}

@inline
function subtract(row: usize, at: i32, value: f64): void {
  const place = row + (<usize>at << 2);
  store<f32>(place, <f32>(<f64>load<f32>(place) - value));
}
