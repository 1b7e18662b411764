import type { Tensor, Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import type { Tf } from '../runtime/tfNamespace.ts';
import { stopGradient } from './loss.ts';
import { logSoftmax, withoutMasked } from './rows.ts';

/** How the loss of an example is told. */
export interface CtcAttrs {
  /** The class between labels. */
  readonly blank: number;
  /** Whether it is divided by the length of the label. */
  readonly byLength: boolean;
  /** Whether an example that no path can give counts 0. */
  readonly zeroInfinity: boolean;
}

/** Stands for ln 0: finite, so that no gradient is NaN. */
const NEVER = -1e9;
/** No loss of a path that exists comes near. */
const INFINITE = 1e8;

/**
 * −ln of the sum over all paths of each example: by limbeck's kernel where there is one, else composed of operations of
 * every backend, step by step over all examples.
 * Shapes    logits [B, T, C], sequences [B, L] int32 → [B]
 * Units     logits in; nats out
 * Throws    nothing: the sequences were checked
 * Source    Graves et al. 2006, "Connectionist Temporal Classification", §4.1
 */
export function ctcPerExample(tf: Tf, logits: Tensor3D, sequences: Tensor2D, attrs: CtcAttrs): Tensor1D {
  return tf.tidy(() => {
    if (isForKernel(tf, logits, sequences)) {
      const [losses] = tf.engine().runKernel('CtcLoss', { logits, sequences }, { ...attrs }) as Tensor1D[];
      return losses as Tensor1D;
    }
    return composed(tf, logits, sequences, attrs);
  });
}

/** As many bytes of forward variables as the kernel takes. */
const MOST_BYTES = 2 ** 28;

/** Whether limbeck's kernel is installed on the current backend and takes these tensors. */
function isForKernel(tf: Tf, logits: Tensor3D, sequences: Tensor2D): boolean {
  const [batch, time] = logits.shape;
  const states = 2 * sequences.shape[1] + 1;
  const bytes = 8 * batch * (time + 1) * (states + 1);
  const isSmall = logits.size > 0 && logits.size < MOST_BYTES && bytes <= MOST_BYTES;
  return isSmall && logits.dtype === 'float32' && tf.getKernel('CtcLoss', tf.getBackend()) !== undefined;
}

function composed(tf: Tf, logits: Tensor3D, sequences: Tensor2D, attrs: CtcAttrs): Tensor1D {
  const { blank, byLength, zeroInfinity } = attrs;
  const { classes, lengths, isFinal, skip } = statesOf(tf, sequences, blank);
  const [batch, states] = classes.shape;
  const range = tf.reshape(tf.range(0, logits.shape[2], 1, 'int32'), [1, -1, 1]);
  const isClass = tf.cast(tf.equal(tf.expandDims(classes, 1), range), 'float32');
  // [T] of [B, S]: what each step says of the class of each state.
  const all = tf.matMul(logSoftmax(tf, logits), isClass);
  // tfjs has no gradient of one step that is unstacked.
  const answers = logits.shape[1] === 1 ? [tf.squeeze(all, [1])] : tf.unstack(all, 1);
  const never = (count: number) => tf.fill([batch, count], NEVER);
  const start = tf.concat([tf.zeros([batch, 2]), never(states - 2)], 1);
  let reached = tf.add(start, answers[0] as Tensor) as Tensor2D;
  for (const answer of answers.slice(1)) {
    const moved = (by: number) => tf.concat([never(by), tf.slice(reached, [0, 0], [batch, states - by])], 1);
    reached = tf.add(logSumOf(tf, [reached, moved(1), tf.add(moved(2), skip)]), answer);
  }
  const ended = withoutMasked(tf, reached, tf.sub(1, isFinal));
  const most = stopGradient(tf, tf.max(ended, 1, true));
  const total = tf.add(tf.log(tf.sum(tf.exp(tf.sub(ended, most)), 1)), tf.squeeze(most, [1]));
  const losses = tf.div(tf.neg(total), byLength ? tf.maximum(lengths, 1) : 1);
  const instead = tf.fill([batch], zeroInfinity ? 0 : Number.POSITIVE_INFINITY);
  // Not tf.less, of which tfjs knows no gradient.
  const isPossible = tf.cast(tf.step(tf.add(total, INFINITE)), 'bool');
  return tf.where(isPossible, losses, instead) as Tensor1D;
}

/** ln Σ e^x over tensors of one shape. */
function logSumOf(tf: Tf, parts: readonly Tensor[]): Tensor {
  const most = stopGradient(
    tf,
    parts.reduce((a, b) => tf.maximum(a, b)),
  );
  return tf.add(most, tf.log(tf.addN(parts.map((part) => tf.exp(tf.sub(part, most))))));
}

/**
 * The states of a path, S = 2 L + 1: a blank before, between and behind the classes of a label.
 * Of each: its class, −1 behind the end; 1 where a path may end; 0 where it may come from two before, else −1e9.
 */
function statesOf(tf: Tf, sequences: Tensor2D, blank: number) {
  const [batch, length] = sequences.shape;
  const blanks = (count: number) => tf.fill([batch, count], blank, 'int32');
  const isThere = tf.cast(tf.greaterEqual(sequences, 0), 'float32');
  const lengths = tf.sum(isThere, 1) as Tensor1D;
  const between = tf.reshape(tf.stack([blanks(length), sequences], 2), [batch, 2 * length]);
  const classes = tf.concat([between, blanks(1)], 1) as Tensor2D;
  const states = 2 * length + 1;
  const twoBefore = tf.concat([blanks(2), tf.slice(classes, [0, 0], [batch, states - 2])], 1);
  const maySkip = tf.logicalAnd(tf.notEqual(classes, blank), tf.notEqual(classes, twoBefore));
  const place = tf.reshape(tf.range(0, states), [1, -1]);
  const last = tf.expandDims(tf.mul(lengths, 2), 1);
  const isFinal = tf.logicalOr(tf.equal(place, last), tf.equal(place, tf.sub(last, 1)));
  return {
    classes,
    lengths,
    isFinal: tf.cast(isFinal, 'float32'),
    skip: tf.mul(tf.sub(1, tf.cast(maySkip, 'float32')), NEVER),
  };
}
