import { LimbeckError } from '../core/errors.ts';
import { checkCount, checkKnownOptions, checkOneOf } from '../core/options.ts';
import { firstNonFinite, formatShape } from '../core/shape.ts';
import { checkNotEmpty, type Dataset, type Examples, type LabelledExamples } from '../data/dataset.ts';
import type { Loss } from '../losses/loss.ts';
import { isLayersModel } from '../student/layersModel.ts';
import type { StudentDescription } from '../student/student.ts';
import { checkLabelRange, classesOf } from '../train/labels.ts';
import { checkOptimizer } from '../train/optimizer.ts';
import { checkQuantizationAware } from '../train/quantizationAware.ts';
import type { DistillOptions } from './distill.ts';

const OPTIONS = [
  'teacher',
  'student',
  'data',
  'holdout',
  'loss',
  'epochs',
  'batchSize',
  'teacherBatchSize',
  'answerMemoryBytes',
  'teacherChannels',
  'optimizer',
  'quantizationAware',
  'seed',
  'trainer',
  'signal',
];

/**
 * What can be told before anything is asked or opened.
 * Throws    invalid-option · empty-dataset · student-invalid · shape-mismatch: the holdout has other inputs
 */
export function checkOptions(options: DistillOptions): void {
  checkKnownOptions(options, OPTIONS, 'distill');
  const { teacher, student, data, holdout, epochs = 6, batchSize = 64, seed = 0 } = options;
  const { teacherBatchSize = 32, answerMemoryBytes = 0 } = options;
  if (typeof teacher?.ask !== 'function') {
    throw new LimbeckError('invalid-option', 'distill needs a teacher; load one with loadTeacher(…).done.');
  }
  if (!isLayersModel(student) && typeof student?.portable !== 'function') {
    throw new LimbeckError('student-invalid', 'distill needs a student: cnn(…), mlp(…) or a tf.LayersModel.');
  }
  if (typeof data?.read !== 'function') {
    throw new LimbeckError('invalid-option', 'distill needs data; make it with fromArrays(…) or fromImages(…).');
  }
  if (options.loss !== undefined && typeof options.loss?.compute !== 'function') {
    throw new LimbeckError('invalid-option', 'distill needs a loss such as softTargets(), called, or one of your own.');
  }
  if (options.trainer !== undefined && 'then' in options.trainer) {
    throw new LimbeckError('invalid-option', 'distill was given a promise of a trainer; await openTrainer(…) first.');
  }
  checkNotEmpty(data, 'training data');
  if (holdout !== undefined) checkHoldout(holdout, data);
  checkCount(epochs, 'epochs');
  checkCount(batchSize, 'batchSize');
  checkCount(teacherBatchSize, 'teacherBatchSize');
  checkCount(answerMemoryBytes, 'answerMemoryBytes', 0);
  checkCount(seed, 'seed', 0);
  if (options.teacherChannels !== undefined) checkOneOf(options.teacherChannels, 'teacherChannels', ['first', 'last']);
  if (options.optimizer !== undefined) checkOptimizer(options.optimizer);
  if (options.quantizationAware !== undefined) checkQuantizationAware(options.quantizationAware);
}

function checkHoldout(holdout: Dataset, data: Dataset): void {
  checkNotEmpty(holdout, 'holdout');
  const [given, needed] = [inputsOf(holdout), inputsOf(data)];
  if (given === needed) return;
  throw new LimbeckError(
    'shape-mismatch',
    `The holdout's inputs are ${given}, those of the training data ${needed}. Prepare both in the same way.`,
    { details: { given, needed } },
  );
}

function inputsOf({ inputs }: Dataset): string {
  const described = Object.entries(inputs).map(
    ([name, { shape, dtype }]) => `"${name}" ${formatShape(shape)} ${dtype}`,
  );
  return described.sort().join(', ');
}

/** Throws    not-finite · class-mismatch, with the number of the example */
export function checkExamples(
  examples: Examples | LabelledExamples,
  first: number,
  loss: Loss,
  student: StudentDescription,
) {
  checkFinite(examples, first);
  const { labels } = labelsFor(loss, examples);
  if (labels !== undefined) checkLabelRange(labels, classesOf(loss, student.outputs));
}

/** Throws    not-finite, with the number of the example; `first` is that of the first one here */
export function checkFinite({ inputs }: Examples, first: number): void {
  for (const [name, { data, shape }] of Object.entries(inputs)) {
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

/** Labels reach the training thread only where the loss reads them. */
export function labelsFor(loss: Loss, examples: Examples | LabelledExamples): { labels?: Int32Array } {
  return loss.reads.labels && 'labels' in examples ? { labels: examples.labels } : {};
}
