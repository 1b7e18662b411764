import { LimbeckError } from '../core/errors.ts';
import { type NdArray, sizeOf } from '../core/shape.ts';
import { median } from '../core/stats.ts';
import { toOnnx } from '../export/toOnnx.ts';
import type { OnnxTensorDescription } from '../onnx/describe/description.ts';
import { inspectOnnx } from '../onnx/describe/inspect.ts';
import { loadStudent } from '../predict/loadStudent.ts';
import type { LoadStudentOptions } from '../predict/loadStudentOptions.ts';
import { artifactsFrom } from '../student/artifacts.ts';
import type { Student } from '../student/student.ts';

/** What a student costs. */
export interface StudentCost {
  /** Of its ONNX file in float32. */
  readonly bytes: number;
  /** Multiplications of one answer; undefined where they cannot be counted. */
  readonly multiplyAdds: number | undefined;
  /** Measured here, one example at a time; undefined where it was not measured. */
  readonly msPerExample: number | undefined;
}

/** Lengths for inputs that leave one open, with the batch. */
export type GivenShapes = Readonly<Record<string, readonly number[]>>;

/** A student as a file whose cost is counted, and may be timed. */
export interface CountedStudent {
  readonly cost: StudentCost;
  /** Opens it, and measures the time of an answer. */
  timed(load: LoadStudentOptions): Promise<StudentCost>;
}

const WARM_UPS = 3;
/** Answers are timed for as long, and as often at least. */
const [TIMED_MS, LEAST_TIMED] = [150, 7];

/**
 * Counts what a student costs, trained or not.
 * Throws    unsupported-layer: it has no ONNX form · invalid-option: an input leaves a length open
 */
export async function countCost(
  student: Student,
  given: GivenShapes = {},
  signal?: AbortSignal,
): Promise<CountedStudent> {
  const file = await toOnnx(await artifactsFrom(student, 'build'), signal ? { signal } : {});
  const inputs = zerosFor((await inspectOnnx(file)).inputs, given);
  const inputShapes = Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, shape]));
  const { multiplyAdds } = await inspectOnnx(file, { inputShapes });
  const cost = { bytes: file.byteLength, multiplyAdds, msPerExample: undefined };
  return { cost, timed: async (load) => ({ ...cost, msPerExample: await timeOf(file, inputs, load) }) };
}

/** One example of zeros. */
function zerosFor(inputs: readonly OnnxTensorDescription[], given: GivenShapes): Record<string, NdArray> {
  return Object.fromEntries(
    inputs.map(({ name, dtype, shape }) => {
      const whole = given[name] ?? [1, ...(shape ?? []).slice(1)];
      if (whole.every((length): length is number => typeof length === 'number')) {
        const size = sizeOf(whole);
        return [name, { data: dtype === 'float32' ? new Float32Array(size) : new Int32Array(size), shape: whole }];
      }
      throw new LimbeckError(
        'invalid-option',
        `The student's input "${name}" leaves a length open. Say one with inputShapes: { ${name}: [1, …] }.`,
        { details: { name } },
      );
    }),
  );
}

async function timeOf(file: Uint8Array, inputs: Record<string, NdArray>, load: LoadStudentOptions): Promise<number> {
  await using loaded = await loadStudent(file, load);
  for (let i = 0; i < WARM_UPS; i++) await loaded.predict(inputs, load.signal);
  const taken: number[] = [];
  const startedAt = performance.now();
  while (taken.length < LEAST_TIMED || performance.now() - startedAt < TIMED_MS) {
    const from = performance.now();
    await loaded.predict(inputs, load.signal);
    taken.push(performance.now() - from);
  }
  return median(taken);
}
