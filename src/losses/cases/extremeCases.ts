// The largest inputs that a loss must bear, and the same inputs in another order. Only tests import this file.
import { sizeOf } from '../../core/shape.ts';
import { type LossInputs, mapEntries, type Values } from './lossCases.ts';

export type ExtremeName = 'both at ±1e4' | 'opposed at ±1e4' | 'all zero' | 'all 1e4 and all −1e4' | 'one class';

/** The same shapes with the largest numbers a loss must bear, with equal ones, and with one class only. */
export function extremesOf(inputs: LossInputs): Record<ExtremeName, LossInputs> {
  const fill = (studentAt: (i: number) => number, teacherAt: (i: number) => number): LossInputs => ({
    ...inputs,
    student: mapEntries(inputs.student, ({ shape, values }) => ({ shape, values: values.map((_, i) => studentAt(i)) })),
    teacher: mapEntries(inputs.teacher, ({ shape, values }) => ({ shape, values: values.map((_, i) => teacherAt(i)) })),
  });
  const swing = (i: number) => (i % 3 === 0 ? 1e4 : -1e4);
  const oneClass = ({ shape, values }: Values): Values => {
    const kept = [...shape.slice(0, -1), 1];
    return { shape: kept, values: values.slice(0, sizeOf(kept)) };
  };
  return {
    'both at ±1e4': fill(swing, swing),
    'opposed at ±1e4': fill(swing, (i) => -swing(i)),
    'all zero': fill(
      () => 0,
      () => 0,
    ),
    'all 1e4 and all −1e4': fill(
      () => 1e4,
      () => -1e4,
    ),
    'one class': {
      ...inputs,
      student: mapEntries(inputs.student, oneClass),
      teacher: mapEntries(inputs.teacher, oneClass),
      labels: inputs.labels?.map(() => 0),
    },
  };
}

/** The number of values of one example. */
export function termsOf({ student }: LossInputs): number {
  return Math.max(...Object.values(student).map(({ shape }) => sizeOf(shape.slice(1))));
}

export function mapRows(
  { student, teacher, labels, sequences, indices, ...rest }: LossInputs,
  turn: (values: readonly number[], rows: number) => number[],
): LossInputs {
  const side = ({ shape, values }: Values) => ({ shape, values: turn(values, shape[0] ?? 1) });
  return {
    ...rest,
    ...(sequences && { sequences: side(sequences) }),
    ...(indices && { indices: turn(indices, indices.length) }),
    student: mapEntries(student, side),
    teacher: mapEntries(teacher, side),
    labels: labels && turn(labels, labels.length),
  };
}

/** The same rows, the last one first and the first one last. */
export function turnRows(values: readonly number[], rows: number): number[] {
  const length = values.length / rows;
  return Array.from({ length: rows }, (_, row) => values.slice(row * length, (row + 1) * length))
    .reverse()
    .flat();
}
