import { LimbeckError } from '../core/errors.ts';
import { checkNotEmpty, type Dataset, describeInputs, isLabelled } from '../data/dataset.ts';
import { softTargets } from '../losses/response/softTargets.ts';
import { isLayersModel, isStudent } from '../student/student.ts';
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
  checkParts(options, { loss: options.loss ?? softTargets(), data, holdout });
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
