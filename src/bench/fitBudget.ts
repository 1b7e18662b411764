import { LimbeckError } from '../core/errors.ts';
import { figures } from '../core/figures.ts';
import { checkCount, invalidOption } from '../core/options.ts';
import { type Run, startRun } from '../core/run.ts';
import { given, type Optional, type OptionsOf, positive, required, schema } from '../core/schema.ts';
import type { LoadStudentOptions } from '../predict/loadStudentOptions.ts';
import { isStudent, type Student } from '../student/student.ts';
import { countCost, type GivenShapes, type StudentCost } from './studentCost.ts';

export const WIDTHS = schema('the widths', {
  /** Makes the student of a width: `(width) => mobilenetV1({ alpha: width / 32 })`. */
  make: required(functionThat<(width: number) => Student>('gives the student of a width')),
  /** Widths to try. Default [8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256]. */
  widths: given<readonly number[]>(checkWidths, [8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256]),
  /** Lengths for inputs that leave one open, such as of a list, with the batch: { candidates: [1, 100, 64] }. */
  inputShapes: given<GivenShapes>(),
  /** How a student is opened to be timed, such as on how many threads. Default: as `loadStudent` opens an ONNX file. */
  load: given<LoadStudentOptions>(),
  /** Cancels it. */
  signal: given<AbortSignal>(),
});

/** Which students there are, and how they are timed. */
export interface WidthsOptions extends OptionsOf<typeof WIDTHS> {}

const OPTIONS = schema('fitBudget', {
  ...WIDTHS.fields,
  /** Most bytes of its ONNX file in float32. Default: any. */
  bytes: positive(),
  /** Most multiplications of one answer. Default: any. */
  multiplyAdds: positive(),
  /** Most milliseconds of one answer here, one example at a time. Default: any. */
  msPerExample: positive(),
});

/** What a student may cost, and which students there are. */
export interface FitBudgetOptions extends WidthsOptions, OptionsOf<typeof OPTIONS> {}

/** What a student of one width costs, and whether that is little enough. */
export interface TriedStudent extends StudentCost {
  readonly width: number;
  readonly fits: boolean;
}

/** The widest student that fits, untrained, and what was tried on the way, the widest first. */
export interface FittedStudent {
  readonly student: Student;
  readonly cost: TriedStudent;
  readonly tried: readonly TriedStudent[];
}

/** What may be limited, with its unit. */
const UNITS = { bytes: 'bytes', multiplyAdds: 'multiply-adds', msPerExample: 'ms an example' } as const;
type Limits = Readonly<Partial<Record<keyof typeof UNITS, number | undefined>>>;
const LIMITED = Object.keys(UNITS) as (keyof typeof UNITS)[];

/**
 * Chooses the widest student that a budget allows: its size and its arithmetic are counted, and, of one that is small enough, the
 * time of an answer is measured on this device. Each width that was tried is an event.
 * Units     bytes; multiply-adds; milliseconds
 * Throws    invalid-option · budget-too-small: no width fits; the message says what the smallest costs · unsupported-layer: the
 *           student has no ONNX form · AbortError
 *
 * @example
 * const { student, cost } = await fitBudget({
 *   make: (width) => mlp({ inputShape: [784], hidden: [width] }),
 *   bytes: 200_000,
 * }).done;
 */
export function fitBudget(options: FitBudgetOptions): Run<FittedStudent, TriedStudent> {
  const { make, widths, inputShapes, load, signal, ...limits } = OPTIONS.read(options);
  return startRun(async (emit, stop) => {
    const tried: TriedStudent[] = [];
    for (const width of [...widths].sort((a, b) => b - a)) {
      const student = madeAt(make, width);
      const { cost, timed } = await countCost(student, inputShapes, stop);
      const isTimed = limits.msPerExample !== undefined && isWithin(cost, limits);
      const whole = isTimed ? await timed({ ...load, signal: stop }) : cost;
      const one = { width, ...whole, fits: isWithin(whole, limits) };
      tried.push(one);
      emit(one);
      if (one.fits) return { student, cost: one, tried };
    }
    throw tooSmall(tried.at(-1) as TriedStudent, limits);
  }, signal);
}

/** Throws    invalid-option: what was made is no student */
export function madeAt(make: (width: number) => Student, width: number): Student {
  const student = make(width);
  if (isStudent(student)) return student;
  throw new LimbeckError('invalid-option', `"make" gave no student for the width ${width}.`, { details: { width } });
}

/** What is not known yet is no reason against it. */
function isWithin(cost: StudentCost, limits: Limits): boolean {
  return LIMITED.every((name) => (cost[name] ?? 0) <= (limits[name] ?? Number.POSITIVE_INFINITY));
}

function tooSmall(smallest: TriedStudent, limits: Limits): LimbeckError {
  const told = (of: Limits) =>
    LIMITED.flatMap((name) =>
      limits[name] === undefined || of[name] === undefined ? [] : `${figures(of[name])} ${UNITS[name]}`,
    ).join(', ');
  return new LimbeckError(
    'budget-too-small',
    `No student fits into ${told(limits)}. The smallest that there is, of width ${smallest.width}, takes ${told(smallest)}. Raise the ` +
      'budget, offer smaller "widths", or make smaller students.',
    { details: { smallest, limits } },
  );
}

/** A function that must be given. */
export function functionThat<T extends (...given: never[]) => unknown>(does: string): Optional<T> {
  const needed = `a function that ${does}`;
  const check = (value: T, name: string) => {
    if (typeof value !== 'function') throw invalidOption(name, value, needed);
  };
  return { ...given<T>(check), needed };
}

function checkWidths(widths: readonly number[]): void {
  if (!Array.isArray(widths) || widths.length === 0) {
    throw new LimbeckError('invalid-option', '"widths" must be a list of one width or more.');
  }
  for (const width of widths) checkCount(width, 'width');
}
