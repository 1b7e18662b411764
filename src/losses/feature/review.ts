import type { Tensor, Tensor1D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import { LimbeckError } from '../../core/errors.ts';
import { count, given, type OptionsOf, required, schema } from '../../core/schema.ts';
import { formatShape } from '../../core/shape.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { poolTo } from '../alignMaps.ts';
import { checkOutputName } from '../featurePair.ts';
import { type Loss, type LossParameter, type LossShapes, type LossTensors, named, stopGradient } from '../loss.ts';
import { featuresOf, project, projectorParameters } from '../projector.ts';
import { meanOfExamples, meanPerExample } from '../rows.ts';

const OPTIONS = schema('review', {
  /** Stages of the student from shallow to deep; the last may be a vector, such as the pooled features. */
  outputs: required(given<readonly string[]>()),
  /** As many stages of the teacher, in the same order. Default: the same names. */
  teacherOutputs: given<readonly string[]>(),
  /** Channels of the fused maps; at least 1. Default 64 (the reference takes the deepest stage's, at most 512). */
  width: count()(64),
});

/** Which stages are compared, and how wide the student's fused maps are. */
export interface ReviewOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * Knowledge review (ReviewKD): each stage of the student, fused with all deeper ones, gives the teacher's stage. So
 * shallow stages of the teacher teach deep ones of the student too. The fusion is trained with the student and then
 * dropped.
 *
 * Hierarchical context (HCL): Σ_l w_l · mean (pool_l(student) − pool_l(teacher))² / Σ_l w_l, where l runs over the whole
 * map (weight 1) and its averages over 4×4, 2×2 and 1×1 windows (weights ½, ¼, ⅛) that are smaller than it.
 * Shapes    fused student and teacher [B, H, W, F] → [B]; the loss is the mean over B of the sum over stages
 * Units     squares of the teacher's features
 * Reduces   mean over batch, sum over stages; pyramid of squared differences
 * Weight    4 for features around 1; the paper has 0.6 to 8
 * Gradient  reaches the student's stages from this one to the deepest, and the fusion
 * Numerics  finite for |feature| ≤ 1e4
 * Throws    invalid-option · shape-mismatch by `check`: a stage that is neither a map nor a vector
 * Source    Chen et al. 2021, §3.3, arXiv:2104.09044; mdistiller ReviewKD.py
 * Differs   the convolutions of the fusion (ABF) are 1×1 with a bias; the code's last one is 3×3, with batch normalization.
 *           Ours have a fifth of the parameters and do not hide the student behind a large decoder. Windows of sizes that 4
 *           or 2 do not divide overlap by one row, as in PyTorch's adaptive pooling. There is no warm-up inside: give a
 *           scheduled weight.
 * @example
 * review({ outputs: ['conv1', 'conv2', 'features'], teacherOutputs: ['layer1', 'layer2', 'pooled'] });
 */
export function review(options: ReviewOptions): Loss {
  const { outputs, teacherOutputs = outputs, width } = OPTIONS.read(options);
  checkStages(outputs, teacherOutputs);
  return {
    name: 'review',
    options: { outputs: [...outputs], teacherOutputs: [...teacherOutputs], width },
    reads: { student: [...outputs], teacher: [...new Set(teacherOutputs)], labels: false },
    isStatic: true,
    check(shapes) {
      outputs.forEach((output, i) => {
        checkStage(shapes, 'student', output);
        checkStage(shapes, 'teacher', teacherOutputs[i] as string);
      });
    },
    parameters: (shapes) => fusionParameters(shapes, outputs, teacherOutputs, width),
    ...meanOfExamples((tf, tensors) => {
      const teachers = teacherOutputs.map((name) => toMap(tf, stopGradient(tf, named(tensors.teacher, name))));
      const students = outputs.map((name) => toMap(tf, named(tensors.student, name)));
      const reviewed = fuseStages(tf, tensors, students, teachers);
      return tf.addN(reviewed.map((stage, i) => pyramidLoss(tf, stage, teachers[i] as Tensor4D))) as Tensor1D;
    }),
  };
}

export function pyramidLoss(tf: Tf, student: Tensor, teacher: Tensor): Tensor1D {
  return tf.tidy(() => {
    const [, height, width] = student.shape as [number, number, number];
    const levels = [4, 2, 1].filter((level) => level < Math.min(height, width));
    const whole = 2 - 2 ** -levels.length;
    const terms = [undefined, ...levels].map((level, i) => {
      const at = (map: Tensor) => (level === undefined ? map : poolTo(tf, map, [level, level]));
      const squared = meanPerExample(tf, tf.squaredDifference(at(student), at(teacher)));
      return tf.mul(squared, 2 ** -i / whole) as Tensor1D;
    });
    return tf.addN(terms) as Tensor1D;
  });
}

/** From deep to shallow: each stage's own map and the one from the deeper stage, weighted at each position (ABF). */
function fuseStages(tf: Tf, tensors: LossTensors, students: readonly Tensor4D[], teachers: readonly Tensor4D[]) {
  const reviewed: Tensor[] = [];
  let residual: Tensor4D | undefined;
  for (let i = students.length - 1; i >= 0; i--) {
    let map = project(tf, tensors, students[i] as Tensor4D, `reduce${i}`) as Tensor4D;
    if (residual !== undefined) {
      const deeper = resizeTo(tf, residual, map);
      const gates = tf.sigmoid(project(tf, tensors, tf.concat([map, deeper], 3), `fuse${i}`));
      const [ofMap, ofDeeper] = tf.split(gates, 2, 3) as [Tensor4D, Tensor4D];
      map = tf.add(tf.mul(map, ofMap), tf.mul(deeper, ofDeeper));
    }
    residual = resizeTo(tf, map, teachers[i] as Tensor4D);
    reviewed[i] = project(tf, tensors, residual, `expand${i}`);
  }
  return reviewed;
}

/** The nearest values at the positions of another map, as in the reference. */
function resizeTo(tf: Tf, map: Tensor4D, like: Tensor4D): Tensor4D {
  const [batch, height, width, channels] = map.shape;
  const [, toHeight, toWidth] = like.shape;
  const rows = pickNearest(tf, tf.reshape(map, [batch, height, width * channels]), toHeight);
  const columns = pickNearest(tf, tf.reshape(rows, [batch * toHeight, width, channels]), toWidth);
  return tf.reshape(columns, [batch, toHeight, toWidth, channels]);
}

/**
 * Position i of the middle axis takes the value at ⌊i · from / to⌋. A product with ones and zeros: the gradient of tfjs's
 * nearest-neighbor resizing is NaN on its cpu backend where neither size is a multiple of the other.
 */
function pickNearest(tf: Tf, values: Tensor3D, to: number): Tensor3D {
  const from = values.shape[1];
  if (from === to) return values;
  const picks = new Float32Array(to * from);
  for (let i = 0; i < to; i++) picks[i * from + Math.floor((i * from) / to)] = 1;
  return tf.matMul(tf.tensor3d(picks, [1, to, from]), values);
}

/** A vector is a map of one position. */
function toMap(tf: Tf, stage: Tensor): Tensor4D {
  if (stage.rank === 4) return stage as Tensor4D;
  const [batch, features] = stage.shape as [number, number];
  return tf.reshape(stage, [batch, 1, 1, features]);
}

function fusionParameters(
  { student, teacher }: LossShapes,
  outputs: readonly string[],
  teacherOutputs: readonly string[],
  width: number,
): Record<string, LossParameter> {
  const asked = outputs.map((output, i) => {
    const other = teacherOutputs[i] as string;
    return {
      ...projectorParameters(featuresOf(student[output], `the student's "${output}"`), width, `reduce${i}`),
      ...projectorParameters(width, featuresOf(teacher[other], `the teacher's "${other}"`), `expand${i}`),
      ...(i < outputs.length - 1 && projectorParameters(2 * width, 2, `fuse${i}`)),
    };
  });
  return Object.assign({}, ...asked);
}

/** Throws    invalid-option */
function checkStages(outputs: readonly string[], teacherOutputs: readonly string[]): void {
  if (!Array.isArray(outputs) || outputs.length === 0) {
    throw new LimbeckError('invalid-option', '"outputs" of review must name stages of the student, shallow to deep.');
  }
  for (const name of outputs) checkOutputName(name, '"outputs" of review');
  if (Array.isArray(teacherOutputs) && teacherOutputs.length === outputs.length) {
    for (const name of teacherOutputs) checkOutputName(name, '"teacherOutputs" of review');
    return;
  }
  throw new LimbeckError(
    'invalid-option',
    `"teacherOutputs" of review must name a stage of the teacher for each of the ${outputs.length} in "outputs".`,
  );
}

/** Throws    shape-mismatch */
function checkStage(shapes: LossShapes, side: 'student' | 'teacher', name: string): void {
  const shape = shapes[side][name] ?? [];
  if (shape.length === 1 || shape.length === 3) return;
  throw new LimbeckError(
    'shape-mismatch',
    `review reads the ${side}'s "${name}" as a stage, a map [H, W, C] or a vector [F]; it is ${formatShape(shape)}. ` +
      'Choose a layer of one of these kinds.',
    { details: { side, name, shape } },
  );
}
