import { LimbeckError } from '../core/errors.ts';
import { type Run, startRun } from '../core/run.ts';
import { type OptionsOf, oneOf, required, schema } from '../core/schema.ts';
import type { Student } from '../student/student.ts';
import { functionThat, madeAt, WIDTHS, type WidthsOptions } from './fitBudget.ts';
import { countCost, type StudentCost } from './studentCost.ts';

type Learn = (student: Student, width: number) => Promise<number | undefined>;

const OPTIONS = schema('sweep', {
  ...WIDTHS.fields,
  /** Trains the student, and gives how good it is: `async (student) => (await distill({ … }).done).report.holdout['accuracy']`. */
  learn: required(functionThat<Learn>('trains a student and gives how good it is')),
  /** Whether a higher value is better, as of accuracy, or a lower one, as of an error. Default 'higher'. */
  better: oneOf('higher', 'lower')('higher'),
});

/** Which students are trained, and how. */
export interface SweepOptions extends WidthsOptions, OptionsOf<typeof OPTIONS> {}

/** What a student of one width reached, and what it costs. */
export interface SweepPoint extends StudentCost {
  readonly width: number;
  readonly value: number;
}

/** All students, the narrowest first. */
export interface Sweep {
  readonly points: readonly SweepPoint[];
  /** Those that no other one beats: none is as good and smaller, or better and as small. By bytes, and by time. */
  readonly front: { readonly bytes: readonly SweepPoint[]; readonly msPerExample: readonly SweepPoint[] };
}

/**
 * Trains students of several widths, and tells which of them are worth their size: the Pareto fronts of how good they are against
 * bytes and against the time of an answer, measured here. Each trained student is an event.
 * Units     bytes; multiply-adds; milliseconds
 * Throws    invalid-option · not-finite: `learn` gave no number · unsupported-layer · what `learn` throws · AbortError
 *
 * @example
 * const { front } = await sweep({
 *   widths: [8, 16, 32],
 *   make: (width) => mlp({ inputShape: [28, 28, 1], hidden: [width] }),
 *   learn: async (student) => (await distill({ teacher, student, data, holdout }).done).report.holdout['agreement'],
 * }).done;
 */
export function sweep(options: SweepOptions): Run<Sweep, SweepPoint> {
  const { make, widths, inputShapes, load, signal, learn, better } = OPTIONS.read(options);
  return startRun(async (emit, stop) => {
    const points: SweepPoint[] = [];
    for (const width of [...widths].sort((a, b) => a - b)) {
      const student = madeAt(make, width);
      // Before it is trained: what has no file would be trained in vain.
      const cost = await (await countCost(student, inputShapes, stop)).timed({ ...load, signal: stop });
      const value = await learn(student, width);
      stop.throwIfAborted();
      if (!Number.isFinite(value)) {
        throw new LimbeckError('not-finite', `"learn" gave ${value} for the width ${width}; it must give a number.`, {
          details: { width },
        });
      }
      const point = { width, ...cost, value: value as number };
      points.push(point);
      emit(point);
    }
    const front = (name: 'bytes' | 'msPerExample') =>
      points.filter((one) => !points.some((other) => beats(other, one, name)));
    return { points, front: { bytes: front('bytes'), msPerExample: front('msPerExample') } };
  }, signal);

  function beats(other: SweepPoint, one: SweepPoint, name: 'bytes' | 'msPerExample'): boolean {
    const [cost, otherCost] = [one[name] ?? 0, other[name] ?? 0];
    const gain = better === 'higher' ? other.value - one.value : one.value - other.value;
    return gain >= 0 && otherCost <= cost && (gain > 0 || otherCost < cost);
  }
}
