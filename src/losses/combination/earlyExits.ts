import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import {
  count,
  fraction,
  given,
  nested,
  notNegative,
  type OptionsOf,
  oneOf,
  positive,
  required,
  schema,
  text,
} from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { checkOutputName } from '../featurePair.ts';
import { type Loss, type LossShapes, type LossTensors, named } from '../loss.ts';
import { checkPeers, held, meanLessons, numbered, peersOf } from '../peers.ts';
import { featuresOf, project, projectorParameters } from '../projector.ts';
import { checkSameClasses } from '../sameClasses.ts';

const HINT = schema('hint of earlyExits', {
  /** The layer of the student whose features those of each exit ('features.exit.0' …) approach. */
  layer: required(given<string>()),
  /** Weight of the hint, 0 or more. Default 0.03. */
  weight: notNegative(0.03),
});

const OPTIONS = schema('earlyExits', {
  /** Exits of the student, 1 or more: 'exit.0' … Default 1. */
  exits: count()(1),
  /** The student's last output. Default 'logits'. */
  output: text('logits'),
  /** What all outputs learn: the labels, or the answers of a teacher. Default 'labels'. */
  from: oneOf('labels', 'teacher')('labels'),
  /** The teacher's output, where `from` is 'teacher'. Default: `output`. */
  teacherOutput: text(),
  /** How much an exit learns from the last output, from 0 to 1; the rest is learned from `from`. Default 0.3. */
  alpha: fraction(0.3),
  /** Softens last output, exits and teacher; above 0. Default 3. */
  temperature: positive(3),
  /**
   * Brings the features of the exits close to those of a deeper `layer`, with a `weight` of 0 or more, by default 0.03; needs
   * `withExits(…, { features })`. Default: none.
   */
  hint: nested(HINT),
});

/** What the exits learn from. */
export interface EarlyExitsOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * Be your own teacher (BYOT): a student with exits (`withExits`) whose last output teaches the early ones. The exits
 * also learn the labels, or a teacher's answers; the last output learns only these.
 *
 * L(z) + Σ_k [ (1−α) · L(e_k) + α · T² · KL(p_z ‖ p_{e_k}) ], where z is the last output, e_k an exit and L the lesson:
 * −log p(label), or T² · KL(p_teacher ‖ p). Mean over the batch. A hint adds β · Σ_k mean (W_k f_k − f)², where f are the
 * features of the layer (the mean over space or time) and f_k those of an exit.
 * Shapes    'logits' [B, C], 'exit.k' [B, C], teacher [B, C]; features [B, F], the layer [B, …, G] → scalar
 * Units     logits in, nats out
 * Reduces   mean over batch, sum over exits; ×T²; KL(last‖exit), last held
 * Weight    1, alone: the last output's lesson counts in it with weight 1
 * Gradient  of each divergence: reaches the exit only; of the hint: reaches exits and W only
 * Numerics  finite for |logit| ≤ 1e4
 * Throws    invalid-option · when it is checked: unknown-output · shape-mismatch · class-mismatch
 * Source    Zhang and others 2019, eq. 1–4, arXiv:1905.08094; weights and temperature of mmrazor's configuration
 * Differs   divergence instead of soft cross-entropy (same gradient), a factor T², means instead of sums in
 *           the hint, whose weight is therefore larger than the code's 1e-6
 * @example
 * distill({ student: withExits(cnn(), { at: [2, 4] }), data, loss: earlyExits({ exits: 2 }) });
 * distill({ teacher, student: withExits(cnn(), { at: [2] }), data, loss: earlyExits({ from: 'teacher' }) });
 */
export function earlyExits(options: EarlyExitsOptions = {}): Loss {
  const { exits, output, from, teacherOutput = output, alpha, temperature, hint } = OPTIONS.read(options);
  if (hint !== undefined) checkOutputName(hint.layer, '"layer" of the hint of earlyExits');
  const outputs = [output, ...numbered('exit', exits)];
  const features = hint === undefined ? [] : numbered('features.exit', exits);
  return {
    name: 'earlyExits',
    options: {
      ...{ exits, output, from, alpha, temperature },
      ...(from === 'teacher' && { teacherOutput }),
      ...(hint && { hint }),
    },
    reads: {
      student: [...outputs, ...features, ...(hint === undefined ? [] : [hint.layer])],
      teacher: from === 'teacher' ? [teacherOutput] : [],
      labels: from === 'labels',
    },
    isStatic: true,
    allowsUnlabelled: true,
    check(shapes) {
      checkPeers(shapes, outputs, 'earlyExits');
      if (from === 'teacher') checkSameClasses(shapes, output, teacherOutput, 'earlyExits');
    },
    ...(hint && { parameters: (shapes) => hintParameters(shapes, features, hint.layer) }),
    compute: (tf, tensors) =>
      tf.tidy(() => {
        const [last, ...early] = peersOf(tensors, outputs) as [Tensor, ...Tensor[]];
        const { labelled, taught } = meanLessons(tf, tensors, 'earlyExits');
        const lesson =
          from === 'labels'
            ? labelled
            : (logits: Tensor) => taught(named(tensors.teacher, teacherOutput), logits, temperature);
        const lessons = early.flatMap((exit) => [
          tf.mul(lesson(exit), 1 - alpha),
          tf.mul(taught(last, exit, temperature), alpha),
        ]);
        const hints = hint === undefined ? [] : [tf.mul(hintLoss(tf, tensors, features, hint.layer), hint.weight)];
        return tf.addN([lesson(last), ...lessons, ...hints]) as Scalar;
      }),
  };
}

/** Σ_k mean (W_k f_k − f)²; f and f_k are named above. */
function hintLoss(tf: Tf, tensors: LossTensors, features: readonly string[], layer: string): Tensor {
  const target = held(tf, pooled(tf, named(tensors.student, layer)));
  const distances = features.map((name, k) => {
    const mapped = project(tf, tensors, named(tensors.student, name), `exit${k}`);
    return tf.mean(tf.square(tf.sub(mapped, target)));
  });
  return tf.addN(distances);
}

function hintParameters({ student }: LossShapes, features: readonly string[], layer: string) {
  const to = featuresOf(student[layer], `The student's "${layer}"`);
  const maps = features.map((name, k) =>
    projectorParameters(featuresOf(student[name], `The student's "${name}"`), to, `exit${k}`),
  );
  return Object.assign({}, ...maps) as ReturnType<typeof projectorParameters>;
}

/** The mean over space or time: [B, …, F] → [B, F]. */
function pooled(tf: Tf, values: Tensor): Tensor {
  const [batch = 1, ...rest] = values.shape;
  return rest.length === 1 ? values : tf.mean(tf.reshape(values, [batch, -1, rest.at(-1) as number]), 1);
}
