import { LimbeckError } from '../core/errors.ts';
import { joinRows, pickRowsOfAll, putRows } from '../core/rows.ts';
import { formatShape, isSameShape, type NamedArrays, type NdArray, sizeOf } from '../core/shape.ts';
import { type Dataset, isLabelled, type LabelledExamples } from '../data/dataset.ts';
import { batches } from '../data/views.ts';

/** All of a person's examples at once: they are few. */
export interface AllExamples {
  /** [N, ...] by name. */
  readonly inputs: NamedArrays;
  /** [N]; undefined where the data has none. */
  readonly labels: Int32Array | undefined;
  readonly size: number;
}

const READ_BATCH = 256;

/** Every example of a dataset, in its order. Throws what the data throws. */
export async function readAll(data: Dataset, signal?: AbortSignal): Promise<AllExamples> {
  const inputs: Record<string, NdArray> = {};
  const labels = isLabelled(data) ? new Int32Array(data.size) : undefined;
  for await (const { indices, examples } of batches(data, READ_BATCH, signal ? { signal } : {})) {
    const from = indices[0] as number;
    putRows(inputs, examples.inputs, data.size, from);
    if (labels !== undefined) labels.set((examples as LabelledExamples).labels, from);
  }
  return { inputs, labels, size: data.size };
}

export function pickExamples({ inputs, labels }: AllExamples, indices: Int32Array): AllExamples {
  return {
    inputs: pickRowsOfAll(inputs, indices),
    labels: labels && Int32Array.from(indices, (i) => labels[i] as number),
    size: indices.length,
  };
}

/** One after the other. Throws    shape-mismatch: inputs of other names or shapes */
export function joinExamples(first: AllExamples, second: AllExamples): AllExamples {
  const joined = Object.entries(first.inputs).map(([name, rows]) => {
    const others = second.inputs[name];
    if (others === undefined || !isSameShape(others.shape.slice(1), rows.shape.slice(1))) {
      throw otherShape(name, rows.shape, others?.shape);
    }
    return [name, joinRows(rows, others)] as const;
  });
  const inputs = Object.fromEntries(joined);
  const labels = first.labels && second.labels && Int32Array.of(...first.labels, ...second.labels);
  return { inputs, labels, size: first.size + second.size };
}

function otherShape(name: string, needed: readonly number[], given: readonly number[] | undefined): LimbeckError {
  const found = given === undefined ? 'is missing' : `is ${formatShape(given)}`;
  return new LimbeckError(
    'shape-mismatch',
    `The input "${name}" of the examples to replay ${found}, and that of the data is ${formatShape(needed)}. Both must be alike.`,
    { details: { name, needed, given } },
  );
}

/** Row i of a matrix [N, F], a view. */
export function rowOf({ data, shape }: NdArray, i: number) {
  const length = sizeOf(shape.slice(1));
  return data.subarray(i * length, (i + 1) * length);
}
