import { LimbeckError, throwIfAborted } from '../core/errors.ts';
import { dtypeOf, formatShape, isSameShape, makeArray, type NamedArrays, type NdArray, sizeOf } from '../core/shape.ts';
import { pickRows } from '../data/arrays.ts';
import type { Dataset, Examples } from '../data/dataset.ts';
import { batches } from '../data/views.ts';
import type { Teacher } from '../teacher/teacher.ts';

/** A teacher's outputs for every example of a dataset, asked once and kept: each [N, ...]. */
export interface Answers {
  readonly arrays: NamedArrays;
  /** The named outputs for some examples. */
  rows(indices: Int32Array, names: readonly string[]): NamedArrays;
}

/**
 * Asks the teacher about every example, in order; the next batch is read while the teacher works. Every batch passes
 * `onExamples` first, so that bad data is found before training. Without a teacher the examples are only looked at.
 * Throws    shape-mismatch, unknown-output: outputs that change from batch to batch, or that are not one row an example ·
 *           what teacher and `onExamples` throw · AbortError
 */
export async function askAll(
  teacher: Teacher | undefined,
  dataset: Dataset,
  batchSize: number,
  onAnswered: (count: number) => void,
  signal: AbortSignal,
  onExamples: (examples: Examples, firstIndex: number) => void = () => undefined,
): Promise<Answers> {
  const tables: Record<string, NdArray> = {};
  let at = 0;
  for await (const { indices, examples } of batches(dataset, batchSize, { signal })) {
    throwIfAborted(signal);
    onExamples(examples, at);
    const outputs = (await teacher?.ask(examples.inputs, signal)) ?? {};
    if (at > 0) checkSameNames(Object.keys(tables), Object.keys(outputs));
    for (const [name, array] of Object.entries(outputs)) {
      tables[name] = writeRows(tables[name], name, array, { at, count: indices.length, size: dataset.size });
    }
    at += indices.length;
    onAnswered(at);
  }
  return {
    arrays: tables,
    rows: (indices, names) =>
      Object.fromEntries(names.map((name) => [name, pickRows(tables[name] as NdArray, indices)])),
  };
}

interface Place {
  readonly at: number;
  readonly count: number;
  readonly size: number;
}

function writeRows(table: NdArray | undefined, name: string, rows: NdArray, { at, count, size }: Place): NdArray {
  const rowShape = table === undefined ? rows.shape.slice(1) : table.shape.slice(1);
  if (!isSameShape(rows.shape, [count, ...rowShape]) || rows.data.length !== sizeOf(rows.shape)) {
    throw new LimbeckError(
      'shape-mismatch',
      `The teacher's output "${name}" for ${count} examples was ${formatShape(rows.shape)} with ${rows.data.length} ` +
        `values; it must be ${formatShape([count, ...rowShape])}, as for other batches. Let "read" bring outputs to ` +
        'one shape.',
      { details: { name, given: rows.shape, needed: [count, ...rowShape] } },
    );
  }
  const target = table ?? { data: makeArray(dtypeOf(rows.data), sizeOf(rowShape) * size), shape: [size, ...rowShape] };
  target.data.set(rows.data, at * sizeOf(rowShape));
  return target;
}

/** A name that comes later or stays away would leave rows of zeros. */
function checkSameNames(before: readonly string[], now: readonly string[]): void {
  if (before.length === now.length && before.every((name) => now.includes(name))) return;
  throw new LimbeckError(
    'unknown-output',
    `The teacher gave ${before.join(', ') || 'no output'} for earlier batches and gives ${now.join(', ') || 'none'} now. ` +
      'It must give the same outputs for every batch.',
    { details: { before, now } },
  );
}
