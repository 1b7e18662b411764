// Batches cut, padded, repeated and joined, for models and devices that do not take every size.
import { LimbeckError } from '../../core/errors.ts';
import { dtypeOf, formatShape, makeArray, type NamedArrays, type NdArray, sizeOf } from '../../core/shape.ts';

/** Which sizes of a batch a model takes at once. */
export interface BatchLimits {
  /** The only size, where the model has one. */
  readonly fixed?: number;
  /** The largest that fits the device's memory, where that was found out. */
  readonly largest?: number;
}

/**
 * Runs a batch in as many parts as the limits ask for and joins what they give. A part that is too small for a fixed
 * size is filled up with its last example, and what that gives is cut off.
 * Throws    shape-mismatch: outputs that have not one row an example cannot be joined · what `run` throws
 */
export async function runInParts(
  run: (inputs: NamedArrays) => Promise<NamedArrays>,
  inputs: NamedArrays,
  { fixed, largest }: BatchLimits,
): Promise<NamedArrays> {
  const batch = batchOf(inputs);
  const size = fixed ?? largest ?? batch;
  if (batch === size || batch === 0 || (fixed === undefined && batch < size)) return run(inputs);
  const tables: Record<string, NdArray> = {};
  for (let at = 0; at < batch; at += size) {
    const count = Math.min(size, batch - at);
    const rows = Int32Array.from({ length: fixed ?? count }, (_, i) => at + Math.min(i, count - 1));
    const outputs = await run(takeRows(inputs, rows));
    for (const [name, array] of Object.entries(outputs)) {
      tables[name] = writeRows(tables[name], name, array, { at, count, size: rows.length, batch });
    }
  }
  return tables;
}

/** Examples in a batch: the first length of its first array. */
export function batchOf(inputs: NamedArrays): number {
  return Object.values(inputs).find(({ shape }) => shape.length > 0)?.shape[0] ?? 0;
}

/** As many examples as asked for: the first ones, or all of them over and over. */
export function repeatExamples(inputs: NamedArrays, size: number): NamedArrays {
  const batch = batchOf(inputs);
  if (batch === size || batch === 0) return inputs;
  return takeRows(
    inputs,
    Int32Array.from({ length: size }, (_, i) => i % batch),
  );
}

/** Arrays that are not one row an example, such as a start of a state, stay as they are. */
function takeRows(inputs: NamedArrays, rows: Int32Array): NamedArrays {
  const batch = batchOf(inputs);
  return Object.fromEntries(
    Object.entries(inputs).map(([name, array]) => [name, array.shape[0] === batch ? rowsOf(array, rows) : array]),
  );
}

function rowsOf({ data, shape }: NdArray, rows: Int32Array): NdArray {
  const rowSize = sizeOf(shape.slice(1));
  const out = makeArray(dtypeOf(data), rows.length * rowSize);
  for (let i = 0; i < rows.length; i++) {
    const from = (rows[i] as number) * rowSize;
    out.set(data.subarray(from, from + rowSize), i * rowSize);
  }
  return { data: out, shape: [rows.length, ...shape.slice(1)] };
}

interface Part {
  readonly at: number;
  readonly count: number;
  readonly size: number;
  readonly batch: number;
}

function writeRows(table: NdArray | undefined, name: string, { data, shape }: NdArray, part: Part): NdArray {
  const { at, count, size, batch } = part;
  const rowShape = shape.slice(1);
  const rowSize = sizeOf(rowShape);
  if (shape[0] !== size || (table !== undefined && sizeOf(table.shape.slice(1)) !== rowSize)) {
    throw new LimbeckError(
      'shape-mismatch',
      `The teacher takes ${size} examples at a time and gave "${name}" as ${formatShape(shape)}; parts of a batch can ` +
        'be joined only where an output has one row an example, alike for all. Leave it out with "outputs".',
      { details: { name, given: shape, examples: size } },
    );
  }
  const target = table ?? { data: makeArray(dtypeOf(data), batch * rowSize), shape: [batch, ...rowShape] };
  target.data.set(data.subarray(0, count * rowSize), at * rowSize);
  return target;
}
