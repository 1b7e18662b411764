import { LimbeckError } from '../../core/errors.ts';
import { DEFAULT_OUTPUT } from '../../core/outputs.ts';
import { formatShape, type NamedArrays, type NdArray } from '../../core/shape.ts';
import { take } from '../../data/views.ts';
import { readModel } from '../../onnx/model.ts';
import { prepareModel } from '../../onnx/prepare.ts';
import { fromOnnx } from '../../student/fromOnnx.ts';
import { type StudentArtifacts, studentFromArtifacts } from '../../student/student.ts';
import { loadTeacher } from '../../teacher/onnx.ts';
import { checkLoadOptions } from '../../teacher/onnxOptions.ts';
import type { TeacherDevice } from '../../teacher/teacher.ts';
import type { Trainer } from '../../train/trainer.ts';
import { sessionOf } from './askBackbone.ts';
import { logitsValue } from './logitsValue.ts';
import type { PersonalizeOnnxOptions } from './personalizeOnnxOptions.ts';
import type { PersonalizeOnnxEvent } from './personalizeOnnxReport.ts';
import { type Feed, forStudent, openFeed, shapesOf } from './studentFeed.ts';
import { compareLogits } from './verifyHead.ts';

/** A run that changes a model by what its student learns. */
export interface LoraRun {
  readonly bytes: Uint8Array;
  readonly options: PersonalizeOnnxOptions;
  readonly trainer: Trainer;
  readonly emit: (event: PersonalizeOnnxEvent) => void;
  readonly signal: AbortSignal;
}

/** A model as a student that gives the same logits. */
export interface OpenedLora {
  /** The model's value that holds the logits, and the model up to it. */
  readonly value: string;
  readonly cut: Uint8Array;
  readonly student: StudentArtifacts;
  /** The same import of a model with other weights. */
  readonly toStudent: (bytes: Uint8Array) => Promise<StudentArtifacts>;
  readonly feed: Feed;
  readonly classes: number;
  readonly device: TeacherDevice;
}

/** As many as the written file is held against. */
const EXAMPLES = 8;

/**
 * Cuts a model at its logits, imports it, and makes sure that the student gives what the model gives.
 * Throws    invalid-onnx · unknown-tensor · unsupported-operator: it cannot be imported · shape-mismatch: no logits [B, C] ·
 *           invalid-option: probabilities · internal: the student gives other logits, and what data and session throw
 */
export async function openLora(run: LoraRun): Promise<OpenedLora> {
  const { bytes, options, signal } = run;
  const { name = 'model' } = options;
  checkLoadOptions(sessionOf(options, signal));
  const value = logitsValue(readModel(bytes, name), options.output, name);
  const cut = prepareModel(bytes, { name, taps: [{ tensor: value }], untilTaps: true }).bytes;
  const raw = openFeed(readModel(cut, name), options);
  const { inputs } = await firstExamples(options, signal);
  const fed = raw(inputs);
  const toStudent = async (model: Uint8Array) => {
    const importing = { inputLayout: 'as-is', inputShapes: shapesOf(fed), outputs: [value], name } as const;
    return (await fromOnnx(model, importing)).artifacts as StudentArtifacts;
  };
  const student = await toStudent(cut).catch(notImported);
  const feed: Feed = (given) => forStudent(raw(given), student);
  const opened = { value, cut, student, toStudent, feed };
  const logits = await logitsOf(student, feed(inputs), run);
  checkLogits(logits, value);
  const { device } = await compareFile(cut, opened, run, student, IMPORTED);
  return { ...opened, classes: logits.shape[1] as number, device };
}

/** Throws what the trainer throws */
export async function logitsOf(
  student: StudentArtifacts,
  inputs: NamedArrays,
  { trainer }: Pick<LoraRun, 'trainer'>,
): Promise<NdArray> {
  const { [DEFAULT_OUTPUT]: logits } = await trainer.predict(studentFromArtifacts('imported', student), inputs);
  return logits as NdArray;
}

/** What a difference would mean. */
export interface Words {
  readonly from: string;
  readonly advice: string;
}

const IMPORTED: Words = {
  from: 'the student that it was imported as',
  advice: 'Nothing was learned. Use the method "head", and please report the model.',
};

/**
 * Runs a file on some examples and holds it against a student; the greatest difference, as a fraction of the largest logit.
 * Throws    internal: they differ, and what session and trainer throw
 */
export async function compareFile(
  file: Uint8Array,
  { value, feed }: Pick<OpenedLora, 'value' | 'feed'>,
  run: LoraRun,
  student: StudentArtifacts,
  words: Words,
): Promise<{ readonly fraction: number; readonly device: TeacherDevice }> {
  const { options, signal } = run;
  const opening = { ...sessionOf(options, signal), taps: [{ tensor: value, name: DEFAULT_OUTPUT }], untilTaps: true };
  await using session = await loadTeacher(file as Uint8Array<ArrayBuffer>, opening).done;
  const { inputs } = await firstExamples(options, signal);
  const given = await session.ask(inputs, signal);
  const { device } = session.description;
  const expected = await logitsOf(student, feed(inputs), run);
  return { fraction: compareLogits(given, DEFAULT_OUTPUT, expected, device, words), device };
}

function firstExamples({ data }: PersonalizeOnnxOptions, signal: AbortSignal) {
  const some = take(data, EXAMPLES);
  return some.read(
    Int32Array.from({ length: some.size }, (_, i) => i),
    signal,
  );
}

function notImported(error: unknown): never {
  if (!(error instanceof LimbeckError) || error.code !== 'unsupported-operator') throw error;
  throw new LimbeckError(
    'unsupported-operator',
    `The method "lora" learns through the model, which must become a student for that. ${error.message} The method "head" ` +
      'takes any model.',
    { details: error.details, cause: error },
  );
}

/** Throws    shape-mismatch · invalid-option */
function checkLogits({ data, shape }: NdArray, value: string): void {
  const [, classes = 0] = shape;
  if (shape.length !== 2 || classes < 2) {
    throw new LimbeckError(
      'shape-mismatch',
      `"${value}" is ${formatShape(shape)}; labels need one row of two or more classes an example, [B, C]. Name another ` +
        'value as "output", or use the method "head".',
      { details: { value, shape } },
    );
  }
  const rows = Array.from({ length: shape[0] as number }, (_, i) => data.subarray(i * classes, (i + 1) * classes));
  const isProbs = (row: typeof data) =>
    row.every((one) => one >= 0) && Math.abs([...row].reduce((sum, one) => sum + one, 0) - 1) < 1e-3;
  if (!rows.every(isProbs)) return;
  throw new LimbeckError(
    'invalid-option',
    `"${value}" gives probabilities (rows of at least 0 that add up to 1), and what learns are logits. Name the value before ` +
      'the softmax as "output".',
    { details: { value } },
  );
}
