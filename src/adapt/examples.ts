import { LimbeckError } from '../core/errors.ts';
import { joinRows, pickRows, pickRowsOfAll, putRows } from '../core/rows.ts';
import { formatShape, isSameShape, type NamedArrays, type NdArray, sizeOf } from '../core/shape.ts';
import { type Dataset, isLabelled, type LabelledExamples, UNLABELLED } from '../data/dataset.ts';
import { batches } from '../data/views.ts';
import { sequenceLength } from '../train/labels.ts';

/** All of a person's examples at once: they are few. */
export interface AllExamples {
  /** [N, ...] by name. */
  readonly inputs: NamedArrays;
  /** [N]; undefined where the data has none. */
  readonly labels: Int32Array | undefined;
  /** [N, L], with −1 behind the end of each; undefined where the data has none. */
  readonly sequences?: NdArray | undefined;
  readonly size: number;
}

/** The sequence of each example [N, L], with −1 behind its end, and the class that stands for nothing. */
export interface LessonSequences {
  readonly rows: NdArray;
  readonly blank: number;
}

const READ_BATCH = 256;

/** Every example of a dataset, in its order. Throws what the data throws. */
export async function readAll(data: Dataset, signal?: AbortSignal): Promise<AllExamples> {
  const inputs: Record<string, NdArray> = {};
  const labels = isLabelled(data) ? new Int32Array(data.size) : undefined;
  let sequences: NdArray | undefined;
  for await (const { indices, examples } of batches(data, READ_BATCH, signal ? { signal } : {})) {
    const from = indices[0] as number;
    putRows(inputs, examples.inputs, data.size, from);
    if (labels !== undefined) labels.set((examples as LabelledExamples).labels, from);
    const read = rowsOf(examples.sequences, indices.length);
    sequences = from === 0 ? read : joinSequences(sequences, read);
  }
  return { inputs, labels, sequences, size: data.size };
}

/** Throws    shape-mismatch: not as many numbers for each example */
function rowsOf(sequences: Int32Array | undefined, examples: number): NdArray | undefined {
  return sequences && { data: sequences, shape: [examples, sequenceLength(sequences, examples)] };
}

export function pickExamples({ inputs, labels, sequences }: AllExamples, indices: Int32Array): AllExamples {
  return {
    inputs: pickRowsOfAll(inputs, indices),
    labels: labels && Int32Array.from(indices, (i) => labels[i] as number),
    sequences: sequences && pickRows(sequences, indices),
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
  const sequences = joinSequences(first.sequences, second.sequences);
  return { inputs, labels, sequences, size: first.size + second.size };
}

/** One after the other, as long as the longest; none where one side has none. */
export function joinSequences(first: NdArray | undefined, second: NdArray | undefined): NdArray | undefined {
  if (first === undefined || second === undefined) return undefined;
  const length = Math.max(first.shape[1] as number, second.shape[1] as number);
  return joinRows(widened(first, length), widened(second, length));
}

function widened(sequences: NdArray, length: number): NdArray {
  const [count = 0, own = 0] = sequences.shape;
  if (own === length) return sequences;
  const data = new Int32Array(count * length).fill(UNLABELLED);
  for (let i = 0; i < count; i++) data.set(rowOf(sequences, i), i * length);
  return { data, shape: [count, length] };
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
