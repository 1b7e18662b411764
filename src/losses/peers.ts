import type { Scalar, Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { LimbeckError } from '../core/errors.ts';
import { isSameShape } from '../core/shape.ts';
import type { Tf } from '../runtime/tfNamespace.ts';
import { type Loss, type LossShapes, type LossTensors, named } from './loss.ts';
import { crossEntropyLoss, crossEntropyPerExample } from './response/crossEntropy.ts';
import { softTargetsLoss } from './response/softTargets.ts';
import { divergence, labelMask, softLogProbs } from './rows.ts';
import { checkOneRow } from './sameClasses.ts';

/** What losses between a student's own outputs are made of: numbers of each example [B], or their means []. */
export interface Lessons<T extends Tensor> {
  /** −log p(label). */
  labelled(logits: Tensor): T;
  /** T² · KL(p_teacher ‖ p_student); the first teaches, and gets no gradient. */
  taught(teacherLogits: Tensor, logits: Tensor, temperature: number): T;
  /** 1 at the label of each example, else 0: [B, C]. */
  mask(logits: Tensor): Tensor;
}

/**
 * The two functions of a loss that is a sum of lessons. The means come from kernels that give value and gradient at once;
 * the values of each example are composed of operations.
 * Shapes    outputs [B, C] → scalar, and [B]
 * Units     logits in, nats out
 * Throws    labels-missing: where a lesson reads them and there are none
 * Source    of each lesson: `crossEntropyLoss`, `softTargetsLoss`
 */
export function sumOfLessons(
  name: string,
  sum: <T extends Tensor>(tf: Tf, tensors: LossTensors, lessons: Lessons<T>) => T,
): Required<Pick<Loss, 'compute' | 'perExample'>> {
  return {
    compute: (tf, tensors) => tf.tidy(() => sum<Scalar>(tf, tensors, meanLessons(tf, tensors, name))),
    perExample: (tf, tensors) => tf.tidy(() => sum<Tensor1D>(tf, tensors, exampleLessons(tf, tensors, name))),
  };
}

export function meanLessons(tf: Tf, { labels }: LossTensors, name: string): Lessons<Scalar> {
  return {
    labelled: (logits) => crossEntropyLoss(tf, logits, given(labels, name)),
    taught: (teacher, logits, temperature) => softTargetsLoss(tf, logits, held(tf, teacher), temperature),
    mask: (logits) => labelMask(tf, labels, logits, name),
  };
}

function exampleLessons(tf: Tf, { labels }: LossTensors, name: string): Lessons<Tensor1D> {
  const mask = (logits: Tensor) => labelMask(tf, labels, logits, name);
  return {
    labelled: (logits) => crossEntropyPerExample(tf, logits, mask(logits)),
    taught(teacher, logits, temperature) {
      const softened = (of: Tensor) => softLogProbs(tf, of, temperature);
      const kl = divergence(tf, softened(held(tf, teacher)), softened(logits));
      return tf.mul(kl, temperature * temperature) as Tensor1D;
    },
    mask,
  };
}

/**
 * The same values without a gradient. Copied unrecorded, as inside a kernel:
 * `stopGradient` would send zeros back through the student that teaches.
 */
export function held<T extends Tensor>(tf: Tf, tensor: T): T {
  const { state } = tf.engine();
  state.kernelDepth++;
  try {
    return tensor.clone();
  } finally {
    state.kernelDepth--;
  }
}

function given(labels: Tensor1D | undefined, name: string): Tensor1D {
  if (labels !== undefined) return labels;
  throw new LimbeckError('labels-missing', `${name} needs labels; give labelled data.`);
}

/** `<output>.0`, `<output>.1` …: how a cohort, branches and exits number their outputs. */
export function numbered(output: string, count: number): string[] {
  return Array.from({ length: count }, (_, k) => `${output}.${k}`);
}

/** Those outputs of the student. */
export function peersOf({ student }: LossTensors, outputs: readonly string[]): Tensor[] {
  return outputs.map((output) => named(student, output));
}

/**
 * All outputs are [B, C], of as many classes.
 * Throws    unknown-output · shape-mismatch · class-mismatch
 */
export function checkPeers(shapes: LossShapes, outputs: readonly string[], name: string): void {
  for (const output of outputs) checkOneRow(shapes, output, name);
  const [first, ...others] = outputs.map((output) => shapes.student[output] ?? []);
  if (others.every((shape) => isSameShape(shape, first ?? []))) return;
  const classes = outputs.map((output) => `"${output}" has ${shapes.student[output]?.at(-1)}`);
  throw new LimbeckError(
    'class-mismatch',
    `${name} compares outputs of the same classes: ${classes.join(', ')}. Build all with as many classes.`,
    { details: { loss: name, outputs: classes } },
  );
}
