import { LimbeckError } from '../../core/errors.ts';
import { figures } from '../../core/figures.ts';
import { formatShape, type NamedArrays, type NdArray } from '../../core/shape.ts';
import { take } from '../../data/views.ts';
import { loadTeacher } from '../../teacher/onnx.ts';
import type { LoadTeacherOptions } from '../../teacher/onnxOptions.ts';
import type { TeacherDevice } from '../../teacher/teacher.ts';
import { type OnnxRun, sessionOf } from './onnxRun.ts';
import type { OnnxSettings } from './personalizeOnnxOptions.ts';

/** How many examples files are compared on. */
const EXAMPLES = 8;
/** As a fraction of the largest logit. On other devices than wasm two sessions may fuse nodes differently. */
const TOLERANCE = 1e-4;
const TOLERANCE_ELSEWHERE = 1e-3;

/** What a file should give for the first examples, and what a difference would mean. */
export interface Expected {
  readonly opening: Pick<LoadTeacherOptions, 'outputs' | 'taps' | 'untilTaps'>;
  readonly output: string;
  readonly expected: NdArray;
  readonly words: Words;
}

/** Words of the error: what the file differs from, and what to do. */
export interface Words {
  readonly from: string;
  readonly advice: string;
}

/**
 * Runs a file on some examples and compares it with what it should give; returns the largest difference, as a fraction of
 * the largest logit.
 * Throws    internal: they differ, and what the file's own session throws
 */
export async function compareFile(
  file: Uint8Array<ArrayBuffer>,
  { opening, output, expected, words }: Expected,
  { options, signal }: Pick<OnnxRun, 'options' | 'signal'>,
): Promise<{ readonly fraction: number; readonly device: TeacherDevice }> {
  await using session = await loadTeacher(file, { ...sessionOf(options, signal), ...opening }).done;
  const { inputs } = await firstExamples(options, signal);
  const given = await session.ask(inputs, signal);
  const { device } = session.description;
  return { fraction: compareLogits(given, output, expected, device, words), device };
}

/** The examples on which files are compared. */
export async function firstExamples({ data }: Pick<OnnxSettings, 'data'>, signal: AbortSignal) {
  const some = take(data, EXAMPLES);
  return some.read(
    Int32Array.from({ length: some.size }, (_, i) => i),
    signal,
  );
}

/** Throws    internal: they differ, or have other shapes */
export function compareLogits(
  given: NamedArrays,
  output: string,
  expected: NdArray,
  device: TeacherDevice,
  { from, advice }: Words,
): number {
  const { data = new Float32Array(0), shape = [] } = given[output] ?? {};
  const isShaped = formatShape(shape) === formatShape(expected.shape);
  let largest = 1e-6;
  let difference = isShaped ? 0 : Number.POSITIVE_INFINITY;
  for (const [i, one] of expected.data.entries()) {
    largest = Math.max(largest, Math.abs(one));
    if (isShaped) difference = Math.max(difference, Math.abs(one - (data[i] as number)));
  }
  const fraction = difference / largest;
  if (fraction <= (device === 'wasm' ? TOLERANCE : TOLERANCE_ELSEWHERE)) return fraction;
  throw new LimbeckError(
    'internal',
    `The file gives "${output}" ${formatShape(shape)} and differs from ${from} by ${figures(fraction)} of the ` +
      `largest logit, on ${device}. ${advice}`,
    { details: { fraction, device, shape, expected: expected.shape } },
  );
}
