import type { Scalar, Tensor3D } from '@tensorflow/tfjs-core';
import { LimbeckError } from '../../core/errors.ts';
import { count, flag, type OptionsOf, oneOf, schema } from '../../core/schema.ts';
import { formatShape } from '../../core/shape.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { type CtcAttrs, ctcPerExample } from '../ctcPaths.ts';
import { type Loss, type LossShapes, type LossTensors, named, type Sequences } from '../loss.ts';
import { STUDENT_OUTPUT, type StudentOutputOptions } from '../outputPair.ts';
import { shapeOfOutput } from '../sameClasses.ts';

const OPTIONS = schema('ctc', {
  /** The class that stands for no character. Default 0, as in PyTorch and PaddleOCR; Keras takes the last. */
  blank: count(0)(0),
  /** 'mean' divides each example by the length of its label, then takes the mean over the batch. Default 'mean' (PyTorch). */
  reduction: oneOf('mean', 'sum')('mean'),
  /** Whether examples with too few steps for their label count nothing; otherwise they are refused before the run. Default false. */
  zeroInfinity: flag(false),
  ...STUDENT_OUTPUT.fields,
});

/** Which class is blank, and how examples are added. */
export interface CtcOptions extends StudentOutputOptions, OptionsOf<typeof OPTIONS> {}

/**
 * Connectionist temporal classification (CTC): learns sequences, such as the text of a line, from steps of which nobody says
 * which belongs to which character. Give the data their sequences by `withSequences`.
 *
 * −log Σ over all paths that give the label, once repeated classes are joined and blanks are left out.
 * Shapes    logits [B, T, C], sequences [B, L] int32 in 0…C−1 without the blank, −1 behind the end → scalar
 * Units     logits in, nats out
 * Reduces   'mean': each example by the length of its label (at least 1), mean over the batch; 'sum': neither
 * Weight    1: per character, as crossEntropy's is per example
 * Gradient  reaches the student only: (softmax − how often the paths have each class at each step) / (length · B)
 * Numerics  finite for |logit| ≤ 1e4
 * Throws    invalid-option · by `check` shape-mismatch and class-mismatch · labels-missing · by `checkSequences`
 *           class-mismatch and sequence-too-long
 * Source    Graves et al. 2006, "Connectionist Temporal Classification"; reductions as PyTorch's ctc_loss
 * @example
 * const read = weighted([{ loss: softTargets(), weight: 1 }, { loss: ctc(), weight: 1 }]);
 */
export function ctc(options: CtcOptions = {}): Loss {
  const { output, ...own } = OPTIONS.read(options);
  const attrs: CtcAttrs = { blank: own.blank, byLength: own.reduction === 'mean', zeroInfinity: own.zeroInfinity };
  const isMean = own.reduction === 'mean';
  const examples = (tf: Tf, { student, sequences }: LossTensors) => {
    if (sequences === undefined) throw missing();
    return ctcPerExample(tf, named(student, output) as Tensor3D, sequences, attrs);
  };
  return {
    name: 'ctc',
    options: { ...own, output },
    reads: { student: [output], teacher: [], labels: false, sequences: true },
    isStatic: true,
    check: (shapes) => checkSteps(shapes, output, own.blank),
    checkSequences: (sequences, student) => checkPaths(sequences, student[output] ?? [], attrs),
    compute: (tf, tensors) =>
      tf.tidy(() => (isMean ? tf.mean(examples(tf, tensors)) : tf.sum(examples(tf, tensors))) as Scalar),
    ...(isMean && { perExample: examples }),
  };
}

/** Throws    shape-mismatch: not [T, C] · class-mismatch: no class for the blank and another */
function checkSteps(shapes: LossShapes, output: string, blank: number): void {
  const own = shapeOfOutput(shapes, 'student', output, 'ctc');
  const text = `the student's "${output}" is ${formatShape([null, ...own])}`;
  if (own.length !== 2) {
    throw new LimbeckError(
      'shape-mismatch',
      `ctc reads a row of classes for each step, and ${text}; it must be [B, T, C]. Build the student with crnn(…), or ` +
        'choose an output of that shape.',
      { details: { student: own } },
    );
  }
  const classes = own[1] ?? Number.POSITIVE_INFINITY;
  if (classes > 1 && blank < classes) return;
  throw new LimbeckError(
    'class-mismatch',
    `ctc takes class ${blank} for the blank, and ${text}. Build the student with a class more than characters, and let ` +
      '"blank" be one of its classes.',
    { details: { blank, classes } },
  );
}

/** Throws    class-mismatch: a number that is no class, or the blank · sequence-too-long */
function checkPaths(
  { values, length, first }: Sequences,
  [time, classes]: readonly (number | null)[],
  { blank, zeroInfinity }: CtcAttrs,
): void {
  const most = classes ?? Number.POSITIVE_INFINITY;
  for (let from = 0; from < values.length; from += length) {
    const example = first + from / length;
    const row = values.subarray(from, from + length);
    const end = row.indexOf(-1);
    const label = end < 0 ? row : row.subarray(0, end);
    const wrong = row.find((value, i) => (i < label.length ? !isCharacter(value, blank, most) : value !== -1));
    if (wrong !== undefined) throw noCharacter(wrong, example, blank, most);
    const repeats = label.filter((value, i) => value === label[i - 1]).length;
    const needed = label.length + repeats;
    if (zeroInfinity || time === null || time === undefined || needed <= time) continue;
    throw new LimbeckError(
      'sequence-too-long',
      `The sequence of example ${example} needs ${needed} steps (${label.length} characters, a blank between ${repeats} ` +
        `equal neighbours), and the student gives ${time}. Leave it out, cut it in two, build the student with more ` +
        'steps, or let ctc count it as nothing with zeroInfinity: true.',
      { details: { example, needed, steps: time } },
    );
  }
}

const isCharacter = (value: number, blank: number, classes: number) => value >= 0 && value < classes && value !== blank;

function noCharacter(value: number, example: number, blank: number, classes: number): LimbeckError {
  const what =
    value === blank
      ? `the blank (${blank}), which stands between characters and is none`
      : `${value}, outside the student's ${classes} classes (0…${classes - 1}), or behind its end (−1)`;
  return new LimbeckError(
    'class-mismatch',
    `The sequence of example ${example} holds ${what}. Make sequences with encodeTexts(…) from the alphabet that the ` +
      'student was built for.',
    { details: { example, value, blank, classes } },
  );
}

function missing(): LimbeckError {
  return new LimbeckError('labels-missing', 'ctc needs sequences; give the data theirs with withSequences(…).');
}
