import { LimbeckError, messageOf } from '../core/errors.ts';
import { formatShape, isSameShape } from '../core/shape.ts';
import type { Loss } from '../losses/loss.ts';
import * as tf from '../runtime/tf.ts';
import { describeStudent, orderInputs } from '../student/build.ts';
import type { StudentDescription } from '../student/student.ts';
import { gpuStep, isOnGpu } from './gpuStepper.ts';
import { checkLabelRange, classesOf } from './labels.ts';
import type { TrainBatch } from './loop.ts';
import type { NearBatch } from './near.ts';
import { trainStep } from './step.ts';

/**
 * Everything that can be wrong with a run, found on one batch before the first step.
 * Throws    student-not-trainable · unknown-output · class-mismatch · labels-missing · not-finite · unknown-input ·
 *           shape-mismatch
 */
export async function checkBatch(model: tf.LayersModel, loss: Loss, batch: NearBatch): Promise<StudentDescription> {
  const description = describeStudent(model);
  const answers = shapesOfAnswers(batch);
  if (model.trainableWeights.length === 0) {
    throw new LimbeckError(
      'student-not-trainable',
      `The student "${model.name}" has no trainable weight (${description.parameters} parameters, all frozen). ` +
        'Set layer.trainable = true on the layers that should learn.',
      { details: { parameters: description.parameters } },
    );
  }
  const rows = orderInputs(model, batch.inputs)[0]?.shape[0] ?? 0;
  for (const name of loss.reads.student) {
    if (description.outputs[name] === undefined) throw missingOutput('student', name, Object.keys(description.outputs));
  }
  for (const name of loss.reads.teacher) {
    const given = answers[name];
    if (given === undefined) throw missingOutput('teacher', name, Object.keys(answers));
    const own = description.outputs[name];
    if (own === undefined) continue;
    // Anything else would be broadcast, and learned, without a word.
    const isComparable = given.shape[0] === rows && isSameShape(given.shape.slice(1, -1), own.slice(0, -1));
    if (!isComparable) {
      throw new LimbeckError(
        'shape-mismatch',
        `The teacher's "${name}" is ${formatShape(given.shape)}, the student's is ${formatShape([rows, ...own])}: they ` +
          'cannot be compared. Let the teacher\'s "read" bring its output to the shape of the student\'s.',
        { details: { teacher: given.shape, student: own } },
      );
    }
    if (own.at(-1) !== given.shape.at(-1)) {
      throw new LimbeckError(
        'class-mismatch',
        `Teacher and student differ in their classes: the teacher's "${name}" is ${formatShape(given.shape)}, the ` +
          `student's is ${formatShape([null, ...own])}. Build the student with classes: ${given.shape.at(-1)}, or let ` +
          'the teacher\'s "read" pick the classes the student has.',
        { details: { teacher: given.shape, student: own } },
      );
    }
  }
  checkLabels(loss, batch, description);
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  // A rate of zero: the gradient is computed and applied, and nothing changes.
  const optimizer = tf.train.sgd(0);
  try {
    const options = { model, loss, optimizer };
    await (isOnGpu() ? gpuStep : trainStep)(options, variables, batch, 'the check before the first step');
  } catch (error) {
    if (error instanceof LimbeckError) throw error;
    throw new LimbeckError(
      'student-not-trainable',
      `One step of the student "${model.name}" failed on this backend: ${messageOf(error)}`,
      { cause: error },
    );
  } finally {
    optimizer.dispose();
  }
  return description;
}

function shapesOfAnswers({ teacher, onGpu }: NearBatch): Record<string, { readonly shape: readonly number[] }> {
  const shapes: Record<string, { readonly shape: readonly number[] }> = {};
  tf.tidy(() => {
    for (const [name, { shape }] of Object.entries(onGpu?.tensors() ?? teacher)) shapes[name] = { shape };
  });
  return shapes;
}

function checkLabels(loss: Loss, { labels }: TrainBatch, { outputs }: StudentDescription): void {
  if (!loss.reads.labels) return;
  if (labels === undefined) {
    throw new LimbeckError(
      'labels-missing',
      `The loss "${loss.name}" reads labels, and the data has none. Give labelled data, or a loss such as softTargets.`,
    );
  }
  checkLabelRange(labels, classesOf(loss, outputs));
}

function missingOutput(side: string, name: string, given: readonly string[]): LimbeckError {
  return new LimbeckError(
    'unknown-output',
    `The loss reads the ${side}'s output "${name}"; it has ${given.map((n) => `"${n}"`).join(', ') || 'none'}. ` +
      (side === 'teacher' ? 'Let the teacher\'s "read" return it.' : 'Name the layer so, or choose another output.'),
    { details: { side, needed: name, given } },
  );
}
