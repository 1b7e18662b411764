import { LimbeckError } from '../../core/errors.ts';
import { formatShape } from '../../core/shape.ts';
import type { LoadedStudent } from '../loadedStudent.ts';
import type { Detector } from './listenOptions.ts';

/**
 * The probability of the class that is listened for, in each window.
 * Throws    unknown-output · class-mismatch: the student has no such class · what `predict` throws
 */
export async function askWindows(
  student: LoadedStudent,
  windows: readonly Float32Array[],
  { input, shape, output, label }: Detector,
  signal?: AbortSignal,
): Promise<Float32Array> {
  const size = windows[0]?.length ?? 0;
  const data = new Float32Array(windows.length * size);
  for (const [i, one] of windows.entries()) data.set(one, i * size);
  const { outputs } = await student.predict({ [input]: { data, shape: [windows.length, ...shape] } }, signal);
  const logits = outputs[output];
  if (logits === undefined) {
    throw new LimbeckError(
      'unknown-output',
      `The student has no output "${output}"; it has ${Object.keys(outputs).join(', ')}. Name one with "output".`,
      { details: { output, known: Object.keys(outputs) } },
    );
  }
  const classes = logits.data.length / windows.length;
  if (logits.shape.length !== 2 || (classes > 1 && label >= classes)) {
    throw new LimbeckError(
      'class-mismatch',
      `The student's "${output}" is ${formatShape(logits.shape)}; to listen for class ${label} it must be [windows, classes] with more ` +
        'than as many classes, or one number for each window.',
      { details: { shape: logits.shape, label } },
    );
  }
  return Float32Array.from(windows, (_, i) =>
    probabilityOf(logits.data.subarray(i * classes, (i + 1) * classes), label),
  );
}

/** Softmax of the logits; of a single one the logistic function. */
function probabilityOf(logits: ArrayLike<number>, label: number): number {
  const own = logits.length === 1 ? (logits[0] as number) : (logits[label] as number);
  let rest = logits.length === 1 ? 1 / Math.exp(own) : 0;
  if (logits.length > 1)
    for (let k = 0; k < logits.length; k++) rest += k === label ? 0 : Math.exp((logits[k] as number) - own);
  return 1 / (1 + rest);
}
