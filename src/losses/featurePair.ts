import type { Tensor } from '@tensorflow/tfjs-core';
import { LimbeckError } from '../core/errors.ts';
import { given, type OptionsOf, required, schema } from '../core/schema.ts';
import { formatShape } from '../core/shape.ts';
import type { Tf } from '../runtime/tfNamespace.ts';
import { alignMaps } from './alignMaps.ts';
import { type Loss, type LossParameter, type LossShapes, type LossTensors, named, stopGradient } from './loss.ts';
import { outputPair } from './outputPair.ts';
import { featuresOf, project, projectorParameters } from './projector.ts';

export const FEATURE_PAIR = schema('the pair of features', {
  /** An output or a layer of the student. */
  output: required(given<string>()),
  /** The teacher's output or tap. Default: the same name. */
  teacherOutput: given<string>(),
});

/** Which feature of the student and which of the teacher a loss compares. */
export interface FeaturePairOptions extends OptionsOf<typeof FEATURE_PAIR> {}

/** A trained linear map (a 1×1 convolution) from the student's features to the teacher's, or none. */
export type FeatureProjector = 'linear' | 'none';

export interface FeaturePair {
  readonly output: string;
  readonly teacherOutput: string;
  /** The two as plain options. */
  readonly options: Readonly<Record<string, string>>;
  readonly reads: Loss['reads'];
}

/** Throws    invalid-option: a name is missing or empty */
export function featurePair(given: FeaturePairOptions, subject: string): FeaturePair {
  const { output, teacherOutput, names, reads } = outputPair(given);
  checkOutputName(output, `"output" of ${subject}`);
  checkOutputName(teacherOutput, `"teacherOutput" of ${subject}`);
  return { output, teacherOutput, options: names, reads };
}

/** Throws    invalid-option: no name */
export function checkOutputName(name: unknown, subject: string): void {
  if (typeof name === 'string' && name !== '') return;
  throw new LimbeckError(
    'invalid-option',
    `${subject} was ${name === '' ? 'empty' : String(name)}; it must name an output or a layer, such as 'block3'.`,
    { details: { name: String(name) } },
  );
}

/** The two shapes of a pair, without the batch. */
export function shapesOfPair(shapes: LossShapes, { output, teacherOutput }: FeaturePair) {
  return { student: shapes.student[output] ?? [], teacher: shapes.teacher[teacherOutput] ?? [] };
}

/**
 * Whether two features can be brought to the same positions.
 * Throws    shape-mismatch: one is a map and the other a sequence or a vector, or one has no positions where they are
 *           needed
 */
export function checkPositions(shapes: LossShapes, pair: FeaturePair, subject: string, needsPositions = false): void {
  const { student, teacher } = shapesOfPair(shapes, pair);
  if (student.length === 0 || student.length !== teacher.length) {
    throw mismatch(shapes, pair, subject, 'both must be maps [H, W, C], sequences [T, F], or vectors [F]', advice);
  }
  if (needsPositions && student.length < 2) {
    throw mismatch(
      shapes,
      pair,
      subject,
      'it compares positions of maps [H, W, C] or sequences [T, F]',
      'Read a layer before the pooling, or use embeddingMatch for vectors',
    );
  }
}

/**
 * Whether two features have equally many channels.
 * Throws    shape-mismatch: they do not; the message ends with `remedy`
 */
export function checkSameFeatures(shapes: LossShapes, pair: FeaturePair, subject: string, remedy: string): void {
  const { student, teacher } = shapesOfPair(shapes, pair);
  if (featuresOf(student, nameStudent(pair)) === featuresOf(teacher, nameTeacher(pair))) return;
  throw mismatch(shapes, pair, subject, 'the last lengths must be equal', remedy);
}

/**
 * Both: the same positions and, where no projector learns a map between them, equally many channels.
 * Throws    shape-mismatch
 */
export function checkProjected(
  shapes: LossShapes,
  pair: FeaturePair,
  projector: FeatureProjector,
  subject: string,
  { needsPositions = false, remedy = 'which learns a map between them' } = {},
): void {
  checkPositions(shapes, pair, subject, needsPositions);
  if (projector === 'none') checkSameFeatures(shapes, pair, subject, `Use projector: 'linear', ${remedy}`);
}

/** What the projector of a pair asks for: 'kernel' and 'bias', or nothing. */
export function projectorOfPair(
  shapes: LossShapes,
  pair: FeaturePair,
  projector: FeatureProjector,
): Record<string, LossParameter> {
  if (projector === 'none') return {};
  const { student, teacher } = shapesOfPair(shapes, pair);
  return projectorParameters(featuresOf(student, nameStudent(pair)), featuresOf(teacher, nameTeacher(pair)));
}

/**
 * Student and teacher at the same positions; the student projected where there is a projector, the teacher without a
 * gradient.
 */
export function readPair(
  tf: Tf,
  tensors: LossTensors,
  { output, teacherOutput }: FeaturePair,
  projector: FeatureProjector = 'none',
): [Tensor, Tensor] {
  const [student, teacher] = alignMaps(
    tf,
    named(tensors.student, output),
    stopGradient(tf, named(tensors.teacher, teacherOutput)),
  );
  return [projector === 'linear' ? project(tf, tensors, student) : student, teacher];
}

const advice = 'Read a layer of the other model that has the same axes, such as one on the same side of the pooling';

function mismatch(shapes: LossShapes, pair: FeaturePair, subject: string, needed: string, remedy: string) {
  const { student, teacher } = shapesOfPair(shapes, pair);
  return new LimbeckError(
    'shape-mismatch',
    `${subject}: ${nameStudent(pair)} is ${formatShape(student)} for each example, ${nameTeacher(pair)} is ` +
      `${formatShape(teacher)}; ${needed}. ${remedy}.`,
    { details: { student, teacher } },
  );
}

function nameStudent({ output }: FeaturePair): string {
  return `the student's "${output}"`;
}

function nameTeacher({ teacherOutput }: FeaturePair): string {
  return `the teacher's "${teacherOutput}"`;
}
