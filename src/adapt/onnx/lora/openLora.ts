import { LimbeckError } from '../../../core/errors.ts';
import { DEFAULT_OUTPUT } from '../../../core/outputs.ts';
import { formatShape, type NamedArrays, type NdArray } from '../../../core/shape.ts';
import { readModel } from '../../../onnx/model.ts';
import { prepareModel } from '../../../onnx/prepare.ts';
import { fromOnnx } from '../../../student/fromOnnx.ts';
import { type StudentArtifacts, studentFromArtifacts } from '../../../student/student.ts';
import { checkLoadOptions } from '../../../teacher/onnxOptions.ts';
import type { TeacherDevice } from '../../../teacher/teacher.ts';
import type { Trainer } from '../../../train/trainer.ts';
import { compareFile, firstExamples, type Words } from '../compareFile.ts';
import { logitsValue } from '../logitsValue.ts';
import { type OnnxRun, sessionOf } from '../onnxRun.ts';
import { type Feed, forStudent, openFeed, shapesOf } from '../studentFeed.ts';

/** A model as a student that gives the same logits. */
export interface OpenedLora {
  /** The model's value that holds the logits, and the model up to it. */
  readonly value: string;
  readonly cut: Uint8Array<ArrayBuffer>;
  readonly student: StudentArtifacts;
  /** The same import of a model with other weights. */
  readonly toStudent: (bytes: Uint8Array) => Promise<StudentArtifacts>;
  readonly feed: Feed;
  /** The first examples, as the student reads them: files are compared with it on these. */
  readonly first: NamedArrays;
  readonly classes: number;
  readonly device: TeacherDevice;
}

/**
 * Cuts a model at its logits, imports it, and checks that the student gives what the model gives.
 * Throws    invalid-onnx · unknown-tensor · unsupported-operator: it cannot be imported · shape-mismatch: no logits [B,
 *           C] · invalid-option: probabilities · internal: the student gives other logits, and what data and session
 *           throw
 */
export async function openLora(run: OnnxRun<Trainer>): Promise<OpenedLora> {
  const { bytes, options, signal } = run;
  const { name } = options;
  checkLoadOptions(sessionOf(options, signal));
  const value = logitsValue(readModel(bytes, name), options.output, name);
  const cut = prepareModel(bytes, { name, taps: [{ tensor: value }], untilTaps: true })
    .bytes as Uint8Array<ArrayBuffer>;
  const raw = openFeed(readModel(cut, name), options);
  const { inputs } = await firstExamples(options, signal);
  const fed = raw(inputs);
  const toStudent = async (model: Uint8Array) => {
    const importing = { inputLayout: 'as-is', inputShapes: shapesOf(fed), outputs: [value], name } as const;
    return (await fromOnnx(model, importing)).artifacts as StudentArtifacts;
  };
  const student = await toStudent(cut).catch(notImported);
  const feed: Feed = (given) => forStudent(raw(given), student);
  const first = feed(inputs);
  const expected = await logitsOf(student, first, run);
  checkLogits(expected, value);
  const { device } = await compareFile(cut, { ...tapOf(value), expected, words: IMPORTED }, run);
  return { value, cut, student, toStudent, feed, first, classes: expected.shape[1] as number, device };
}

/** How a model is opened up to its logits. */
export function tapOf(value: string) {
  return { opening: { taps: [{ tensor: value, name: DEFAULT_OUTPUT }], untilTaps: true }, output: DEFAULT_OUTPUT };
}

/** Throws what the trainer throws */
export async function logitsOf(
  student: StudentArtifacts,
  inputs: NamedArrays,
  { trainer }: Pick<OnnxRun<Trainer>, 'trainer'>,
): Promise<NdArray> {
  const { [DEFAULT_OUTPUT]: logits } = await trainer.predict(studentFromArtifacts('imported', student), inputs);
  return logits as NdArray;
}

const IMPORTED: Words = {
  from: 'the student that it was imported as',
  advice: 'Nothing was learned. Use the method headOnly(), and please report the model.',
};

function notImported(error: unknown): never {
  if (!(error instanceof LimbeckError) || error.code !== 'unsupported-operator') throw error;
  throw new LimbeckError(
    'unsupported-operator',
    `The method "lora" learns through the model, which must become a student for that. ${error.message} The method headOnly() ` +
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
        'value as "output", or use the method headOnly().',
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
