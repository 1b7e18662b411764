import { LimbeckError, messageOf } from '../core/errors.ts';
import { formatShape } from '../core/shape.ts';
import type { Loss, LossShapes } from '../losses/loss.ts';
import { checkShapes } from '../losses/terms.ts';
import { toTensor } from '../runtime/tensors.ts';
import * as tf from '../runtime/tf.ts';
import { describeStudent, orderInputs } from '../student/build.ts';
import type { StudentDescription } from '../student/student.ts';
import { type TappedStudent, tapStudent } from '../student/taps.ts';
import { asRead, type StepPlace, type TrainBatch } from './batch.ts';
import { gpuStep, isOnGpu } from './gpuStepper.ts';
import { checkLabelRange, checkSequences, classesOf } from './labels.ts';
import { missingOutput } from './missingOutput.ts';
import type { OpenLoss } from './openLoss.ts';
import { trainStep, variablesOf } from './step.ts';

/**
 * Runs one batch before the first step to find everything that can be wrong with a run.
 * Throws    student-not-trainable · unknown-output · class-mismatch · labels-missing · sequence-too-long · invalid-box · not-finite ·
 *           unknown-input · shape-mismatch
 */
export async function checkBatch(
  model: tf.LayersModel,
  loss: Loss,
  batch: TrainBatch,
  at: StepPlace,
  open: (student: TappedStudent, teacher: LossShapes['teacher']) => OpenLoss,
): Promise<StudentDescription> {
  const description = describeStudent(model);
  if (model.trainableWeights.length === 0) {
    throw new LimbeckError(
      'student-not-trainable',
      `The student "${model.name}" has no trainable weight (${description.parameters} parameters, all frozen). ` +
        'Set layer.trainable = true on the layers that should learn.',
      { details: { parameters: description.parameters } },
    );
  }
  const rows = orderInputs(model, batch.inputs)[0]?.shape[0] ?? 0;
  const student = tapStudent(model, loss.reads.student);
  const answers = shapesOfAnswers(batch);
  for (const name of loss.reads.teacher) {
    if (answers[name] === undefined) throw missingOutput(name, Object.keys(answers));
  }
  checkLabels(loss, batch, description);
  checkSequences(loss, batch.sequences, rows, description.outputs);
  if (batch.onGpu === undefined) checkAnswers(loss, batch);
  if (loss.reads.exampleWeights && batch.exampleWeights === undefined) throw noWeights(loss);
  const shapes = Object.fromEntries(loss.reads.teacher.map((name) => [name, answers[name]?.slice(1) ?? []]));
  using opened = open(student, shapes);
  // Free lengths are known now: unequal ones would be broadcast, or fail in words of tfjs.
  const seen = lengthsOf(model, student, batch);
  if (seen !== undefined) checkShapes(loss, { ...opened.shapes, student: seen });
  for (const name of loss.reads.teacher) checkRows(name, answers[name] ?? [], rows);
  const variables = variablesOf({ model, loss: opened });
  const read = asRead(opened, batch, at);
  // With a rate of zero the gradient is computed and applied, but nothing changes.
  const optimizer = tf.train.sgd(0);
  try {
    const options = { model, student, loss: opened, optimizer };
    await (isOnGpu() ? gpuStep : trainStep)(options, variables, read, 'the check before the first step');
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

/** The shapes of the outputs for this batch, if the model leaves a length open. */
function lengthsOf(model: tf.LayersModel, student: TappedStudent, { inputs }: TrainBatch) {
  if (Object.values(student.outputs).every((shape) => !shape.includes(null))) return undefined;
  const shapes: Record<string, readonly number[]> = {};
  tf.tidy(() => {
    const outputs = student.apply(orderInputs(model, inputs).map(toTensor), 'inference');
    for (const [name, { shape }] of Object.entries(outputs)) shapes[name] = shape.slice(1);
  });
  return shapes;
}

/** Requires one answer for each example: anything else would be broadcast and learned silently. */
function checkRows(name: string, answer: readonly number[], rows: number): void {
  if (answer[0] === rows) return;
  throw new LimbeckError(
    'shape-mismatch',
    `The teacher's "${name}" is ${formatShape(answer)} for ${rows} examples; its first length must be theirs. Let the ` +
      'teacher\'s "read" give one answer an example.',
    { details: { teacher: answer, rows } },
  );
}

function shapesOfAnswers({ teacher, onGpu }: TrainBatch): Record<string, readonly number[]> {
  const shapes: Record<string, readonly number[]> = {};
  tf.tidy(() => {
    for (const [name, { shape }] of Object.entries(onGpu?.tensors() ?? teacher)) shapes[name] = shape;
  });
  return shapes;
}

/** What the loss, and those inside it, say of the teacher's answers. Throws    invalid-box */
function checkAnswers(loss: Loss, batch: TrainBatch): void {
  for (const term of loss.terms ?? []) checkAnswers(term, batch);
  loss.checkAnswers?.(batch.teacher);
}

function noWeights({ name }: Loss): LimbeckError {
  return new LimbeckError(
    'invalid-option',
    `The loss "${name}" reads a weight for each example, and the data has none. Give withExampleWeights(data, weights).`,
  );
}

function checkLabels(loss: Loss, { labels }: TrainBatch, { outputs }: StudentDescription): void {
  if (!loss.reads.labels) return;
  if (labels === undefined) {
    throw new LimbeckError(
      'labels-missing',
      `The loss "${loss.name}" reads labels, and the data has none. Give labelled data, or a loss such as softTargets.`,
    );
  }
  checkLabelRange(labels, classesOf(loss, outputs), loss);
}
