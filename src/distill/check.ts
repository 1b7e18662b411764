import { LimbeckError } from '../core/errors.ts';
import { firstNonFinite, requireNumbers } from '../core/shape.ts';
import {
  checkNotEmpty,
  type Dataset,
  describeInputs,
  type Examples,
  isLabelled,
  type LabelledExamples,
} from '../data/dataset.ts';
import type { Loss } from '../losses/loss.ts';
import { softTargets } from '../losses/response/softTargets.ts';
import { isLayersModel } from '../student/layersModel.ts';
import { isStudent, type StudentDescription } from '../student/student.ts';
import { checkLabelRange, classesOf } from '../train/labels.ts';
import { checkParts, ownAnswers } from '../train/parts/options.ts';
import { CONTROL, DISTILL, type DistillOptions } from './distillOptions.ts';

/**
 * Everything that can be checked before anything is asked or opened.
 * Throws    invalid-option · empty-dataset · student-invalid · shape-mismatch: the holdout has different inputs
 */
export function checkOptions(options: DistillOptions): void {
  const { student, data, holdout } = DISTILL.read(options);
  if (!isLayersModel(student) && !isStudent(student)) {
    throw new LimbeckError('student-invalid', 'distill needs a student: cnn(…), mlp(…) or a tf.LayersModel.');
  }
  if (typeof data?.read !== 'function') {
    throw new LimbeckError('invalid-option', 'distill needs data; make it with fromArrays(…) or fromImages(…).');
  }
  checkParts(options, { loss: options.loss ?? softTargets(), data });
  checkTeacher(options);
  checkNotEmpty(data, 'training data');
  if (holdout !== undefined) checkSameInputs(holdout, data, 'holdout');
  checkControl(options);
  checkTeacherData(options);
}

/** Throws    empty-dataset · shape-mismatch */
function checkSameInputs(other: Dataset, data: Dataset, role: string): void {
  checkNotEmpty(other, role);
  const [given, needed] = [describeInputs(other), describeInputs(data)];
  if (given === needed) return;
  throw new LimbeckError(
    'shape-mismatch',
    `The inputs of the ${role} are ${given}, those of the training data ${needed}. Prepare both in the same way.`,
    { details: { given, needed } },
  );
}

/** Requires a teacher, unless the loss reads nothing of it. */
function checkTeacher(options: DistillOptions): void {
  const { teacher, loss = softTargets() } = options;
  if (typeof teacher?.ask === 'function') return;
  const own = ownAnswers(options);
  const missing = (loss.reads?.teacher ?? []).filter((name) => !own.includes(name));
  if (teacher === undefined && missing.length === 0) return;
  const reads = `The loss "${loss.name}" reads ${missing.map((name) => `"${name}"`).join(', ')} of it`;
  const instead =
    own.length === 0
      ? 'without a teacher take crossEntropy(), mutual(…) for a cohort, or a selfTeacher'
      : `the selfTeacher gives ${own.map((name) => `"${name}"`).join(', ')}`;
  throw new LimbeckError(
    'invalid-option',
    `distill needs a teacher; load one with loadTeacher(…).done. ${missing.length > 0 ? `${reads}; ${instead}.` : ''}`.trim(),
    { details: { missing } },
  );
}

/** What the teacher sees instead of the data must exist for every example, and for the holdout too. */
function checkTeacherData({ data, teacherData, holdout, teacherHoldout }: DistillOptions): void {
  if ((teacherData === undefined || holdout === undefined) !== (teacherHoldout === undefined)) {
    throw new LimbeckError(
      'invalid-option',
      `distill was given ${teacherHoldout === undefined ? '"teacherData" and a "holdout"' : '"teacherHoldout"'}, and no ` +
        `${teacherHoldout === undefined ? '"teacherHoldout"' : '"teacherData" or no "holdout"'}. Where the teacher sees ` +
        'other examples than the student, it does so for the holdout too: give all of them or none.',
    );
  }
  checkPaired(teacherData, data, 'teacherData');
  if (holdout !== undefined) checkPaired(teacherHoldout, holdout, 'teacherHoldout');
}

function checkPaired(ofTeacher: Dataset | undefined, ofStudent: Dataset, name: string): void {
  if (ofTeacher === undefined) return;
  if (typeof ofTeacher.read !== 'function') {
    throw new LimbeckError(
      'invalid-option',
      `"${name}" must be a dataset; make it with fromArrays(…) or fromImages(…).`,
    );
  }
  if (ofTeacher.size === ofStudent.size) return;
  throw new LimbeckError(
    'shape-mismatch',
    `"${name}" has ${ofTeacher.size} examples, what the student sees has ${ofStudent.size}. Its example i is what the ` +
      "teacher sees in the place of the student's example i, so there must be as many.",
    { details: { name, given: ofTeacher.size, needed: ofStudent.size } },
  );
}

/** Throws    invalid-option · labels-missing · empty-dataset · shape-mismatch */
function checkControl({ control, data: ofRun }: DistillOptions): void {
  if (typeof control === 'boolean' || control === undefined) return;
  const { data } = CONTROL.read(control);
  if (data === undefined) return;
  if (typeof data.read !== 'function') {
    throw new LimbeckError('invalid-option', 'control needs data; make it with fromArrays(…) or fromImages(…).');
  }
  if (!isLabelled(data)) {
    throw new LimbeckError(
      'labels-missing',
      'The data of "control" has no labels, and without a teacher there is nothing else to learn. Give labelled data.',
    );
  }
  checkSameInputs(data, ofRun, 'control');
}

/** Throws    not-finite · class-mismatch, with the index of the example */
export function checkExamples(
  examples: Examples | LabelledExamples,
  first: number,
  loss: Loss,
  student: StudentDescription,
) {
  checkFinite(examples, first);
  const { labels } = besideInputs(loss, examples);
  if (labels !== undefined) checkLabelRange(labels, classesOf(loss, student.outputs), loss);
}

/** Throws    invalid-option: numbers of the wrong type · not-finite, with the index of the example; `first` is the first one's */
export function checkFinite({ inputs }: Examples, first: number): void {
  for (const [name, { data, shape }] of Object.entries(inputs)) {
    requireNumbers(data, `The data's input "${name}"`);
    const at = firstNonFinite(data);
    if (at < 0) continue;
    const example = first + Math.floor(at / (data.length / (shape[0] ?? 1)));
    throw new LimbeckError(
      'not-finite',
      `Example ${example} holds ${data[at]} in its input "${name}". Clean the data, or leave the example out.`,
      { details: { example, name } },
    );
  }
}

/** Labels and example weights reach the training thread only if the loss reads them. */
export function besideInputs(
  { reads }: Loss,
  examples: Examples | LabelledExamples,
): { labels?: Int32Array; exampleWeights?: Float32Array } {
  const { exampleWeights } = examples;
  return {
    ...(reads.labels && 'labels' in examples && { labels: examples.labels }),
    ...(reads.exampleWeights && exampleWeights && { exampleWeights }),
  };
}
