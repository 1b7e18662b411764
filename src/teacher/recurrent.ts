import { LimbeckError } from '../core/errors.ts';
import { givenName } from '../core/inputs.ts';
import { putRows } from '../core/rows.ts';
import { dtypeOf, formatShape, isSameShape, makeArray, type NamedArrays, type NdArray, sizeOf } from '../core/shape.ts';
import type { RecurrentOptions } from './recurrentOptions.ts';

/**
 * Runs a model along a sequence, frame by frame, and passes its state on; the outputs of the frames form a new axis.
 * `inputShapes` are the model's declared inputs, as in a teacher's description; `run` computes one frame.
 * Shapes    sequence [B, S, ...] → each output [B, T, ...], T = S / frame, rounded up, or down for 'drop'
 * Throws    unknown-input · unknown-output · shape-mismatch · what `run` throws
 */
export async function runRecurrent(
  run: (feeds: NamedArrays) => Promise<NamedArrays>,
  inputs: NamedArrays,
  options: RecurrentOptions,
  inputShapes: Readonly<Record<string, readonly (number | null)[]>>,
): Promise<NamedArrays> {
  const batch = sequenceOf(inputs, options).shape[0] ?? 0;
  const walk = prepareFrames(sequenceOf(inputs, options), options, inputShapes[options.sequence]);
  const fixed = fixedInputs(inputs, options, inputShapes);
  let state = startOfState(inputs, options, inputShapes, batch);
  const tables: Record<string, NdArray> = {};
  const rowsOfFrame = (at: number) => Int32Array.from({ length: batch }, (_, b) => b * walk.count + at);
  for (let at = 0; at < walk.count; at++) {
    const outputs = await run({ ...fixed, ...state, [options.sequence]: walk.frameAt(at) });
    state = Object.fromEntries(
      Object.entries(options.state).map(([input, output]) => [input, outputNamed(outputs, output)]),
    );
    for (const name of collectedNames(outputs, options)) {
      const frame = outputNamed(outputs, name);
      checkFrame(frame, name, { at, batch, first: tables[name] });
      putRows(tables, { [name]: frame }, batch * walk.count, rowsOfFrame(at));
    }
  }
  return Object.fromEntries(
    Object.entries(tables).map(([name, { data, shape }]) => [
      name,
      { data, shape: [batch, walk.count, ...shape.slice(1)] },
    ]),
  );
}

/** The array of the sequence: the one of its name, or the only one. Throws    unknown-input */
function sequenceOf(inputs: NamedArrays, { sequence }: RecurrentOptions): NdArray {
  const name = givenName(sequence, inputs, true);
  if (name !== undefined) return inputs[name] as NdArray;
  const names = Object.keys(inputs);
  throw new LimbeckError(
    'unknown-input',
    `"recurrent.sequence" names the input "${sequence}"; the data offers ${quoted(names)}. Name the array of the ` +
      'dataset, or the sequence, alike.',
    { details: { needed: sequence, given: names } },
  );
}

interface Frames {
  readonly count: number;
  frameAt(index: number): NdArray;
}

/** Throws    shape-mismatch: no steps, or less than a frame with 'drop' */
function prepareFrames(
  { data, shape }: NdArray,
  { sequence, frame, context = 0, remainder = 'pad' }: RecurrentOptions,
  declared: readonly (number | null)[] | undefined,
): Frames {
  const [batch = 0, steps = 0, ...rest] = shape;
  const count = remainder === 'pad' ? Math.ceil(steps / frame) : Math.floor(steps / frame);
  if (shape.length < 2 || count === 0) {
    throw new LimbeckError(
      'shape-mismatch',
      `The sequence "${sequence}" is ${formatShape(shape)}; it must be [B, S, …] with ` +
        `${remainder === 'pad' ? 'at least one step' : `at least ${frame} steps, one frame`}.`,
      { details: { name: sequence, given: shape, frame } },
    );
  }
  const stepSize = sizeOf(rest);
  const length = context + frame;
  // A model that takes one step at a time may have no time axis at all.
  const isStep = length === 1 && declared?.length === shape.length - 1;
  return {
    count,
    frameAt(index) {
      const cut = makeArray(dtypeOf(data), batch * length * stepSize);
      const start = index * frame - context;
      const [from, to] = [Math.max(0, start), Math.min(steps, start + length)];
      for (let b = 0; b < batch; b++) {
        const part = data.subarray((b * steps + from) * stepSize, (b * steps + to) * stepSize);
        cut.set(part, (b * length + from - start) * stepSize);
      }
      return { data: cut, shape: isStep ? [batch, ...rest] : [batch, length, ...rest] };
    },
  };
}

/** The same for every frame: the data's other inputs, and the constants in the shapes that the model declares. */
function fixedInputs(
  inputs: NamedArrays,
  { sequence, constants = {} }: RecurrentOptions,
  inputShapes: Readonly<Record<string, readonly (number | null)[]>>,
): NamedArrays {
  const others = Object.entries(inputs).filter(([name]) => name !== sequence && Object.hasOwn(inputShapes, name));
  const fixed = Object.entries(constants).map(([name, value]): [string, NdArray] => {
    const shape = (inputShapes[name] ?? []).map((length) => length ?? 1);
    const data = makeArray(Number.isInteger(value) ? 'int32' : 'float32', sizeOf(shape));
    return [name, { data: data.fill(value), shape }];
  });
  return Object.fromEntries([...others, ...fixed]);
}

/** Zeros, or what the data itself gives for a state. Throws    unknown-input · shape-mismatch: a length left open */
function startOfState(
  inputs: NamedArrays,
  { state, stateShapes = {} }: RecurrentOptions,
  inputShapes: Readonly<Record<string, readonly (number | null)[]>>,
  batch: number,
): Record<string, NdArray> {
  const start = Object.keys(state).map((name): [string, NdArray] => {
    const given = inputs[name];
    if (given !== undefined) return [name, given];
    const declared = stateShapes[name] ?? inputShapes[name];
    if (declared === undefined) {
      throw new LimbeckError(
        'unknown-input',
        `"recurrent.state" names the input "${name}"; the model has ${quoted(Object.keys(inputShapes))}.`,
        { details: { needed: name, given: Object.keys(inputShapes) } },
      );
    }
    if (declared.filter((length) => length === null).length > 1) {
      throw new LimbeckError(
        'shape-mismatch',
        `The model declares its state "${name}" as ${formatShape(declared)}, which leaves open more than the batch. ` +
          `Give its shape: recurrent.stateShapes: { ${name}: [2, null, 128] }, with null for the batch.`,
        { details: { name, declared } },
      );
    }
    const shape = declared.map((length) => length ?? batch);
    return [name, { data: makeArray('float32', sizeOf(shape)), shape }];
  });
  return Object.fromEntries(start);
}

function collectedNames(outputs: NamedArrays, { outputs: wanted, state }: RecurrentOptions): readonly string[] {
  return wanted ?? Object.keys(outputs).filter((name) => !Object.values(state).includes(name));
}

/** Throws    unknown-output */
function outputNamed(outputs: NamedArrays, name: string): NdArray {
  const array = outputs[name];
  if (array !== undefined) return array;
  throw new LimbeckError(
    'unknown-output',
    `"recurrent" names the output "${name}"; the model gives ${quoted(Object.keys(outputs))}.`,
    { details: { needed: name, given: Object.keys(outputs) } },
  );
}

interface FramePlace {
  readonly at: number;
  readonly batch: number;
  /** The rows of the first frame, which the others must be like. */
  readonly first: NdArray | undefined;
}

/** Throws    shape-mismatch: a frame's output is not [B, ...], or not like that of the first */
function checkFrame({ shape }: NdArray, name: string, { at, batch, first }: FramePlace): void {
  const needed = [batch, ...(first?.shape ?? shape).slice(1)];
  if (isSameShape(shape, needed)) return;
  throw new LimbeckError(
    'shape-mismatch',
    `The model's output "${name}" for frame ${at} is ${formatShape(shape)}; it must be ${formatShape(needed)}, one ` +
      'row an example and alike for every frame. Collect others: recurrent.outputs.',
    { details: { name, frame: at, given: shape, needed } },
  );
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ') || 'none';
}
