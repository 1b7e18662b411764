import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { LimbeckError } from '../../core/errors.ts';
import { given, type OptionsOf, required, schema } from '../../core/schema.ts';
import { formatShape, sizeOf } from '../../core/shape.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { alignMaps } from '../alignMaps.ts';
import { checkOutputName, checkPositions, checkSameFeatures, featurePair } from '../featurePair.ts';
import { type Loss, type LossShapes, named, stopGradient } from '../loss.ts';
import { meanOfExamples, meanPerExample } from '../rows.ts';

const OPTIONS = schema('flow', {
  /** Two outputs or layers of the student, such as the first and the last of a stage. */
  outputs: required(given<readonly [string, string]>()),
  /** The teacher's, with as many channels each. Default: the same names. */
  teacherOutputs: given<readonly [string, string]>(),
});

/** Which layers the flow runs between. */
export interface FlowOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * Flow of the solution procedure (FSP): the products of the channels of two layers, which tell how features change between
 * them, are the same in the student as in the teacher. Both sides need equal channel counts, layer by layer; map sizes may
 * differ. The paper first trains with this loss alone.
 *
 * (G_student − G_teacher)², mean over each example's entries.
 * Shapes    student and teacher [B, F, G], the flow between layers of F and G channels → [B]; the loss is their mean
 * Units     fourth powers of features
 * Reduces   mean over batch and entries; squared difference of Gram matrices (÷HW)
 * Weight    50 (RepDistiller) for features around 1
 * Gradient  reaches the student only
 * Numerics  finite for |feature| ≤ 1e4
 * Throws    invalid-option: not two names · shape-mismatch by `check`: vectors without
 *           positions · other channels
 * Source    Yim et al. 2017, §3, CVPR 2017; RepDistiller distiller_zoo/FSP.py
 * Differs   from the paper: the mean over the entries in place of the sum, as in RepDistiller; the larger of two maps is
 *           averaged down to the smaller one, as there
 * @example
 * distill({ teacher, student, data, loss: weighted([
 *   { loss: crossEntropy(), weight: 1 },
 *   { loss: flow({ outputs: ['block1', 'block2'], teacherOutputs: ['layer1', 'layer2'] }), weight: 50 },
 * ]) });
 */
export function flow(options: FlowOptions): Loss {
  const { outputs, teacherOutputs = outputs } = OPTIONS.read(options);
  checkTwoNames(outputs, 'outputs');
  checkTwoNames(teacherOutputs, 'teacherOutputs');
  const [first, last] = outputs;
  const [teacherFirst, teacherLast] = teacherOutputs;
  const isSame = first === teacherFirst && last === teacherLast;
  return {
    name: 'flow',
    options: { outputs: [first, last], ...(!isSame && { teacherOutputs: [teacherFirst, teacherLast] }) },
    reads: { student: [...new Set(outputs)], teacher: [...new Set(teacherOutputs)], labels: false },
    isStatic: true,
    check(shapes) {
      checkSameAxes(shapes.student, outputs, 'student');
      checkSameAxes(shapes.teacher, teacherOutputs, 'teacher');
      outputs.forEach((output, i) => {
        const pair = featurePair({ output, teacherOutput: teacherOutputs[i] as string }, 'flow');
        checkPositions(shapes, pair, 'flow', true);
        checkSameFeatures(shapes, pair, 'flow', REMEDY);
      });
    },
    ...meanOfExamples((tf, { student, teacher }) => {
      const own = flowOf(tf, named(student, first), named(student, last));
      const other = flowOf(tf, named(teacher, teacherFirst), named(teacher, teacherLast));
      return flowLoss(tf, own, stopGradient(tf, other));
    }),
  };
}

const REMEDY =
  'Choose layers of equal channel counts, or use neuronSelectivity, which takes any, or featureHint, which learns a map between them';

export function flowLoss(tf: Tf, student: Tensor, teacher: Tensor): Tensor1D {
  return tf.tidy(() => meanPerExample(tf, tf.squaredDifference(student, teacher)));
}

/** The mean over the positions of first ⊗ last: maps of F and G channels → [B, F, G]. */
export function flowOf(tf: Tf, first: Tensor, last: Tensor): Tensor {
  return tf.tidy(() => {
    const [a, b] = alignMaps(tf, first, last).map((maps) =>
      tf.reshape(maps, [maps.shape[0] as number, sizeOf(maps.shape.slice(1, -1)), maps.shape.at(-1) as number]),
    ) as [Tensor, Tensor];
    return tf.mul(tf.matMul(a, b, true, false), 1 / (a.shape[1] as number));
  });
}

function checkSameAxes(shapes: LossShapes['student'], [first, last]: readonly [string, string], side: string): void {
  const [a = [], b = []] = [shapes[first], shapes[last]];
  if (a.length === b.length) return;
  throw new LimbeckError(
    'shape-mismatch',
    `flow: the ${side}'s "${first}" is ${formatShape(a)} for each example, its "${last}" is ${formatShape(b)}; both must be ` +
      'maps [H, W, C] or sequences [T, F]. Choose layers of one kind.',
    { details: { first: a, last: b } },
  );
}

function checkTwoNames(names: readonly string[], option: string): void {
  if (!Array.isArray(names) || names.length !== 2) {
    throw new LimbeckError(
      'invalid-option',
      `"${option}" of flow was ${JSON.stringify(names)}; it must be two names, such as ['block1', 'block2'].`,
    );
  }
  for (const name of names) checkOutputName(name, `"${option}" of flow`);
}
