// Arithmetic of plain numbers, for the references of losses. Only tests import this file.
import type { Values } from './lossContract.ts';

/** The rows of a tensor's last axis. */
export function plainRows({ shape, values }: Values): number[][] {
  const length = shape.at(-1) as number;
  return Array.from({ length: values.length / length }, (_, row) => values.slice(row * length, (row + 1) * length));
}

/** All numbers of each example. */
export function plainExamples({ shape, values }: Values): number[][] {
  const rows = shape[0] as number;
  return plainRows({ shape: [rows, values.length / rows], values });
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
}

/** A row of length 1; one without a length stays as it is. */
export function plainUnit(row: readonly number[]): number[] {
  const length = Math.sqrt(dot(row, row));
  return row.map((value) => (length <= 1e-12 ? value : value / length));
}
