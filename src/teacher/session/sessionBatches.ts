// Cuts, pads, repeats and joins batches, for models and devices that do not take every size.
import { LimbeckError } from '../../core/errors.ts';
import { pickRows, putRows } from '../../core/rows.ts';
import { dtypeOf, formatShape, makeArray, type NamedArrays, type NdArray, sizeOf } from '../../core/shape.ts';

/** The inputs as the model declares them: tells inputs with one row for each example from those that are the same for all. */
export interface ExampleInputs {
  readonly inputs: Readonly<Record<string, readonly (number | null)[]>>;
  /** The only batch size that the model takes, if it has one. */
  readonly fixedBatch?: number;
}

/** Which sizes of a batch a model takes at once. */
export interface BatchLimits {
  /** The only size, if the model has one. */
  readonly fixed?: number;
  /** The largest that fits the device's memory, if that is known. */
  readonly largest?: number;
  /** The inputs as the model declares them. */
  readonly inputs?: ExampleInputs['inputs'];
}

/**
 * Runs a batch in as many parts as the limits require, and joins the outputs. A part that is too small for a fixed size is filled
 * up with its last example, whose outputs are cut off.
 * Throws    shape-mismatch: outputs without one row for each example cannot be joined · what `run` throws
 */
export async function runInParts(
  run: (inputs: NamedArrays) => Promise<NamedArrays>,
  inputs: NamedArrays,
  { fixed, largest, inputs: declared = {} }: BatchLimits,
): Promise<NamedArrays> {
  const model = { inputs: declared, fixedBatch: fixed };
  const batch = batchOf(inputs, model);
  const size = fixed ?? largest ?? batch;
  if (batch === size || batch === 0 || (fixed === undefined && batch < size)) return run(inputs);
  const tables: Record<string, NdArray> = {};
  for (let at = 0; at < batch; at += size) {
    const count = Math.min(size, batch - at);
    const rows = Int32Array.from({ length: fixed ?? count }, (_, i) => at + Math.min(i, count - 1));
    const outputs = await run(takeRows(inputs, rows, model));
    for (const [name, array] of Object.entries(outputs)) {
      writeRows(tables, name, array, { at, count, size: rows.length, batch });
    }
  }
  return tables;
}

/**
 * The outputs of an empty batch, without rows, from a run of two examples of zeros. Undefined if an output does not have one row
 * for each example.
 */
export async function runEmpty(
  run: (inputs: NamedArrays) => Promise<NamedArrays>,
  inputs: NamedArrays,
): Promise<NamedArrays | undefined> {
  const filled = Object.entries(inputs).map(([name, array]) => {
    const [first, ...rest] = array.shape;
    const isEmpty = first === 0;
    return [name, isEmpty ? { data: makeArray(dtypeOf(array.data), 2 * sizeOf(rest)), shape: [2, ...rest] } : array];
  });
  const outputs = Object.entries(await run(Object.fromEntries(filled)));
  if (outputs.some(([, { shape }]) => shape[0] !== 2)) return undefined;
  return Object.fromEntries(
    outputs.map(([name, { data, shape }]) => [name, { data: data.slice(0, 0), shape: [0, ...shape.slice(1)] }]),
  );
}

/** Examples in a batch: the first length of its first array that has one row for each example. */
export function batchOf(inputs: NamedArrays, model?: ExampleInputs): number {
  const arrays = Object.entries(inputs).filter(([, { shape }]) => shape.length > 0);
  const [, array] = arrays.find(([name]) => !isTable(name, model)) ?? arrays[0] ?? [];
  return array?.shape[0] ?? 0;
}

/** Whether the first length that a model declares for an input is no batch size: then the input is the same for all examples. */
function isTable(name: string, model: ExampleInputs | undefined): boolean {
  if (model === undefined || !Object.hasOwn(model.inputs, name)) return false;
  const first = model.inputs[name]?.[0];
  return typeof first === 'number' && first !== model.fixedBatch;
}

/** A batch of `size` examples: the first ones, or all of them repeatedly. */
export function repeatExamples(inputs: NamedArrays, size: number, model?: ExampleInputs): NamedArrays {
  const batch = batchOf(inputs, model);
  if (batch === size || batch === 0) return inputs;
  const rows = Int32Array.from({ length: size }, (_, i) => i % batch);
  return takeRows(inputs, rows, model);
}

/** The first few examples of a batch. */
export function firstExamples(inputs: NamedArrays, count: number, model?: ExampleInputs): NamedArrays {
  return repeatExamples(inputs, Math.min(count, batchOf(inputs, model)), model);
}

/** Arrays without one row for each example, such as an initial state, stay as they are. */
function takeRows(inputs: NamedArrays, rows: Int32Array, model: ExampleInputs | undefined): NamedArrays {
  const batch = batchOf(inputs, model);
  const isRows = (name: string, { shape }: NdArray) => shape[0] === batch && !isTable(name, model);
  return Object.fromEntries(
    Object.entries(inputs).map(([name, array]) => [name, isRows(name, array) ? pickRows(array, rows) : array]),
  );
}

interface Part {
  readonly at: number;
  readonly count: number;
  readonly size: number;
  readonly batch: number;
}

function writeRows(tables: Record<string, NdArray>, name: string, { data, shape }: NdArray, part: Part): void {
  const table = tables[name];
  const { at, count, size, batch } = part;
  const rowShape = shape.slice(1);
  const rowSize = sizeOf(rowShape);
  if (shape[0] !== size || (table !== undefined && sizeOf(table.shape.slice(1)) !== rowSize)) {
    throw new LimbeckError(
      'shape-mismatch',
      `The teacher takes ${size} examples at a time and gave "${name}" as ${formatShape(shape)}; parts of a batch can ` +
        'be joined only where an output has one row an example, alike for all. Leave it out with "outputs", or export ' +
        'the model for batches of any size.',
      { details: { name, given: shape, examples: size } },
    );
  }
  // Whole numbers are int32 only if all of a part fit.
  if (table !== undefined && dtypeOf(table.data) !== dtypeOf(data))
    tables[name] = { ...table, data: Float32Array.from(table.data) };
  putRows(tables, { [name]: { data: data.subarray(0, count * rowSize), shape: [count, ...rowShape] } }, batch, at);
}
