import { LimbeckError, throwIfAborted } from '../core/errors.ts';
import { dtypeOf, formatShape, isSameShape, makeArray, type NamedArrays, type NdArray } from '../core/shape.ts';
import { pickRows } from '../data/arrays.ts';
import type { Dataset, Examples } from '../data/dataset.ts';
import { batches } from '../data/views.ts';
import type { Teacher } from '../teacher/teacher.ts';

/** A teacher's outputs for every example of a dataset, asked once and kept: each [N, ...]. */
export interface Answers {
  readonly arrays: NamedArrays;
  rows(indices: Int32Array): NamedArrays;
}

/**
 * Asks the teacher about every example, in order; the next batch is read while the teacher works. Every example passes
 * `check` first, so that bad data is found before training. Without a teacher the examples are only checked.
 * Throws    shape-mismatch: outputs whose shape changes from batch to batch · what teacher and check throw · AbortError
 */
export async function askAll(
  teacher: Teacher | undefined,
  dataset: Dataset,
  batchSize: number,
  onAnswered: (count: number) => void,
  signal: AbortSignal,
  check: (examples: Examples, firstIndex: number) => void = () => undefined,
): Promise<Answers> {
  const tables: Record<string, NdArray> = {};
  let at = 0;
  for await (const { indices, examples } of batches(dataset, batchSize, { signal })) {
    throwIfAborted(signal);
    check(examples, at);
    const outputs = (await teacher?.ask(examples.inputs, signal)) ?? {};
    for (const [name, array] of Object.entries(outputs))
      tables[name] = writeRows(tables[name], name, array, at, dataset.size);
    at += indices.length;
    onAnswered(at);
  }
  return {
    arrays: tables,
    rows: (indices) =>
      Object.fromEntries(Object.entries(tables).map(([name, table]) => [name, pickRows(table, indices)])),
  };
}

function writeRows(table: NdArray | undefined, name: string, rows: NdArray, at: number, size: number): NdArray {
  const rowShape = rows.shape.slice(1);
  const rowSize = rows.data.length / (rows.shape[0] ?? 1);
  const target = table ?? { data: makeArray(dtypeOf(rows.data), rowSize * size), shape: [size, ...rowShape] };
  if (!isSameShape(target.shape.slice(1), rowShape)) {
    throw new LimbeckError(
      'shape-mismatch',
      `The teacher's output "${name}" was ${formatShape([null, ...target.shape.slice(1)])} for earlier batches and is ` +
        `${formatShape(rows.shape)} now. Let "read" bring outputs to one shape.`,
    );
  }
  target.data.set(rows.data, at * rowSize);
  return target;
}
