import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { LimbeckError } from '../../core/errors.ts';
import { checkNotNegative } from '../../core/options.ts';
import { given, type OptionsOf, oneOf, required, schema } from '../../core/schema.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { checkPositions, checkSameFeatures, featurePair, readPair } from '../featurePair.ts';
import type { Loss, LossShapes } from '../loss.ts';
import { featuresOf, project, projectorParameters } from '../projector.ts';
import { meanOfExamples, meanPerExample } from '../rows.ts';

const OPTIONS = schema('featureAlign', {
  /** An output or a layer of the student. */
  output: required(given<string>()),
  /** The feature of each teacher, such as ['block4@0', 'block4@1']: what `ensemble` gives with mean: 'losses'. */
  teacherOutputs: required(given<readonly string[]>()),
  /** λ, one for each teacher, 0 or more. Default: 1 each (KD4MTL chose 1, 1 and 2 for its three tasks). */
  weights: given<readonly number[]>(),
  /** 'linear': a trained adaptor for each teacher; 'none': all have as many channels as the student. Default 'linear'. */
  projector: oneOf('linear', 'none')('linear'),
});

/** One feature of the student, one of each teacher, and how much each counts. */
export interface FeatureAlignOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * Aligned features of several teachers (KD4MTL): through one adaptor for each teacher, the student gives the directions of
 * the features of specialised teachers, one for each task. Combine it with the losses of the tasks.
 *
 * ‖norm(student) − norm(teacher)‖² over the channels, mean over each example's positions; norm divides each position by
 * √(‖channels‖² + 1e-6). The loss sums λ_k times this over the teachers.
 * Shapes    student [B, H, W, F] (or [B, T, F], [B, F]), adapted, and teacher of the same shape → [B]; the loss is their
 *           mean
 * Units     none: from 0 to 4
 * Reduces   mean over batch and positions, sum over channels; Σ λ_k squared distance of unit features
 * Weight    2
 * Gradient  reaches the student and the adaptors only
 * Numerics  finite for |feature| ≤ 1e4
 * Throws    invalid-option · shape-mismatch by `check`: map against vector · other channels without projector
 * Source    Li, Bilen 2020, eq. 3, arXiv:2007.06889; VICO-UoE/KD4MTL model_segnet_kdmtl.py
 * Differs   adaptors have a bias and learn with the student's optimizer and rate; the code gives them their own (Adam,
 *           0.1).
 * @example
 * const other = await loadTeacher('/models/letters.onnx').done;
 * const both = ensemble([teacher, other], { mean: 'losses', outputs: ['features', 'logits'] });
 * const loss = featureAlign({ output: 'trunk', teacherOutputs: ['features@0', 'features@1'], weights: [1, 2] });
 * distill({ teacher: both, student, data, loss });
 */
export function featureAlign(options: FeatureAlignOptions): Loss {
  const { output, teacherOutputs, weights = teacherOutputs?.map(() => 1), projector } = OPTIONS.read(options);
  checkTeachers(teacherOutputs, weights);
  const pairs = teacherOutputs.map((teacherOutput) => featurePair({ output, teacherOutput }, 'featureAlign'));
  return {
    name: 'featureAlign',
    options: { output, teacherOutputs: [...teacherOutputs], weights: [...weights], projector },
    reads: { student: [output], teacher: [...new Set(teacherOutputs)], labels: false },
    isStatic: true,
    check(shapes) {
      for (const pair of pairs) {
        checkPositions(shapes, pair, 'featureAlign');
        if (projector === 'none') {
          checkSameFeatures(shapes, pair, 'featureAlign', "Use projector: 'linear', which learns a map between them");
        }
      }
    },
    parameters: (shapes) => (projector === 'none' ? {} : adaptors(shapes, output, teacherOutputs)),
    ...meanOfExamples((tf, tensors) => {
      const terms = pairs.map((pair, k) => {
        const [student, teacher] = readPair(tf, tensors, pair);
        const adapted = projector === 'none' ? student : project(tf, tensors, student, `adaptor${k}`);
        return tf.mul(featureAlignLoss(tf, adapted, teacher), weights[k] as number) as Tensor1D;
      });
      return tf.addN(terms) as Tensor1D;
    }),
  };
}

export function featureAlignLoss(tf: Tf, student: Tensor, teacher: Tensor): Tensor1D {
  return tf.tidy(() => {
    const apart = tf.squaredDifference(normalize(tf, student), normalize(tf, teacher));
    return meanPerExample(tf, tf.sum(apart, -1));
  });
}

/** x / √(‖x‖² + 1e-6) over the channels, with a gradient of compiled kernels. */
function normalize(tf: Tf, map: Tensor): Tensor {
  const normalized = tf.customGrad((x, save) => {
    const inverse = tf.rsqrt(tf.add(tf.sum(tf.mul(x as Tensor, x as Tensor), -1, true), 1e-6));
    const direction = tf.mul(x as Tensor, inverse);
    (save as (tensors: Tensor[]) => void)([direction, inverse]);
    return {
      value: direction,
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [unit, scale] = saved as [Tensor, Tensor];
        return tf.mul(tf.sub(dy, tf.mul(unit, tf.sum(tf.mul(dy, unit), -1, true))), scale);
      },
    };
  });
  return normalized(map);
}

function adaptors({ student, teacher }: LossShapes, output: string, teacherOutputs: readonly string[]) {
  const from = featuresOf(student[output], `the student's "${output}"`);
  const asked = teacherOutputs.map((name, k) =>
    projectorParameters(from, featuresOf(teacher[name], `the teacher's "${name}"`), `adaptor${k}`),
  );
  return Object.assign({}, ...asked) as ReturnType<typeof projectorParameters>;
}

/** Throws    invalid-option */
function checkTeachers(teacherOutputs: readonly string[], weights: readonly number[]): void {
  if (!Array.isArray(teacherOutputs) || teacherOutputs.length === 0) {
    throw new LimbeckError('invalid-option', '"teacherOutputs" of featureAlign must name a feature of each teacher.');
  }
  if (!Array.isArray(weights) || weights.length !== teacherOutputs.length) {
    throw new LimbeckError(
      'invalid-option',
      `"weights" of featureAlign must hold one number for each of the ${teacherOutputs.length} "teacherOutputs".`,
    );
  }
  for (const weight of weights) checkNotNegative(weight, 'weights');
  if (weights.some((weight) => weight > 0)) return;
  throw new LimbeckError('invalid-option', '"weights" of featureAlign are all 0; one at least must be above.');
}
