import { LimbeckError } from '../../core/errors.ts';
import { copyOf, type OnnxModel, type OnnxValue, onnx } from '../../onnx/model.ts';
import { operatorOf } from '../../onnx/operators.ts';
import type { Shape } from '../../onnx/shapes/tensor.ts';
import { declaredTensor } from '../../onnx/shapes/walk.ts';
import type { Steps } from './importSteps.ts';
import { BATCH, channelsLast } from './placing.ts';

/** An input of the model. */
export interface ImportedInput {
  readonly name: string;
  /** In the model's order of axes; null for a free length. */
  readonly shape: readonly (number | null)[];
  /** Its axes with the batch first. */
  readonly axes: readonly number[];
  /** The same with channels last. */
  readonly imageAxes: readonly number[];
  /** The batch size that the file fixes; null if it is free. */
  readonly fixedBatch: number | null;
  /** Whether it takes integers, such as tokens. */
  readonly isWhole: boolean;
}

/**
 * The model with a free batch, and free lengths fixed as the caller says. Declarations of inner values are left out, because
 * they may hold for another batch.
 * Throws    unknown-input, invalid-option: shapes for something else, or that do not fit
 */
export function freeBatch(
  model: OnnxModel,
  inputShapes: Readonly<Record<string, readonly (number | null)[]>>,
): { model: OnnxModel; inputs: readonly ImportedInput[] } {
  const stored = new Set(model.graph.initializer.map(({ name }) => name));
  const free = model.graph.input.filter(({ name }) => !stored.has(name));
  for (const name of Object.keys(inputShapes)) requireInput(name, free);
  const inputs: ImportedInput[] = [];
  const bound = free.map((value) => {
    const { dtype, shape } = declaredTensor(value, new Map());
    const batch = batchAxis(shape);
    const lengths = boundLengths(value.name, shape, inputShapes[value.name]);
    const open = lengths.map((length, i) => (i === batch ? BATCH : length));
    const order = lengths.map((_, i) => i).filter((i) => i !== batch);
    inputs.push({
      name: value.name,
      shape: open.map((length) => (typeof length === 'number' ? length : null)),
      axes: lengths.length === 0 ? [] : [batch, ...order],
      imageAxes: channelsLast(lengths.length),
      fixedBatch: typeof shape?.[batch] === 'number' ? (shape[batch] as number) : null,
      isWhole: dtype?.includes('int') === true,
    });
    const dim = open.map((one) => (typeof one === 'number' ? { dimValue: BigInt(one) } : { dimParam: one ?? '' }));
    const elemType = value.type?.tensorType?.elemType ?? 1;
    return onnx.value({ name: value.name, type: { tensorType: { elemType, shape: { dim } } } });
  });
  const output = model.graph.output.map(({ name, type }) =>
    onnx.value({ name, type: { tensorType: { elemType: type?.tensorType?.elemType ?? 1 } } }),
  );
  const batched = copyOf(model);
  batched.graph = Object.assign(copyOf(model.graph), { input: bound, output, valueInfo: [] });
  return { model: batched, inputs };
}

function requireInput(name: string, inputs: readonly OnnxValue[]): void {
  if (inputs.some((one) => one.name === name)) return;
  const known = inputs.map((one) => one.name);
  throw new LimbeckError(
    'unknown-input',
    `inputShapes names "${name}", which the model does not take. Its inputs are: ${known.join(', ')}.`,
    { details: { input: name, known } },
  );
}

/** The first axis, unless another is named as a batch or is the only free one, as for a state. */
function batchAxis(shape: Shape | null): number {
  const lengths = shape ?? [];
  const named = lengths.findIndex((length) => typeof length === 'string' && /^(n|b|batch.*)$/i.test(length));
  if (named >= 0) return named;
  const free = lengths.flatMap((length, i) => (typeof length === 'number' ? [] : [i]));
  const isState = free.length === 1 && typeof lengths[0] === 'number' && lengths[0] > 1;
  return isState ? (free[0] as number) : 0;
}

function boundLengths(name: string, shape: Shape | null, given: readonly (number | null)[] | undefined): Shape {
  if (given === undefined) return shape ?? [];
  const fits =
    shape === null ||
    (shape.length === given.length && shape.every((length, i) => isFitting(length, given[i], i === batchAxis(shape))));
  if (fits && given.every((one) => one === null || (Number.isInteger(one) && one > 0))) {
    return given.map((one, i) => one ?? shape?.[i] ?? null);
  }
  throw new LimbeckError(
    'invalid-option',
    `inputShapes gives [${given.join(', ')}] for the input "${name}", which is [${shape?.map((one) => one ?? '?').join(', ')}]. ` +
      'Give each axis its length, or null where it stays free.',
    { details: { input: name, given, shape } },
  );
}

/** The batch is always free. */
function isFitting(length: Shape[number], given: number | null | undefined, isBatch: boolean): boolean {
  return isBatch || typeof length !== 'number' || given === null || given === length;
}

/** Why an input does not fit a student, whose inputs all have the same batch. */
export function refuseInput({ shape, fixedBatch }: ImportedInput, batch: number | null): string | undefined {
  if (shape.length === 0) return 'it has no batch';
  if (shape.length === 1) return 'it has no axis besides the batch; tfjs needs one, if only of length 1';
  if (shape.includes(0) || fixedBatch === 0) return 'it holds no elements';
  const isAlike = fixedBatch === null || batch === null || fixedBatch === batch;
  return isAlike ? undefined : `its first axis is ${fixedBatch}, that of another input ${batch}: it is no batch`;
}

/** Operators that take channels as the second axis. */
const SPATIAL = new Set(
  (
    'Conv ConvTranspose MaxPool AveragePool GlobalAveragePool GlobalMaxPool Resize Upsample InstanceNormalization ' +
    'GroupNormalization BatchNormalization DepthToSpace SpaceToDepth'
  ).split(' '),
);
/** Operators that keep axes, besides elementwise ones. */
const NEUTRAL = new Set(['Dropout', 'Pad', 'Concat']);

function isNeutral(name: string): boolean {
  const form = operatorOf('', name)?.operands;
  return form === 'each' || form === 'broadcast' || typeof form === 'function' || NEUTRAL.has(name);
}

/** Whether an input reaches a convolution or similar before anything moves its axes. */
export function holdsImages({ name, shape, axes }: ImportedInput, { readers }: Steps): boolean {
  if (shape.length < 3 || axes[0] !== 0) return false;
  const seen = new Set<string>();
  const open = [name];
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    if (seen.has(one)) continue;
    seen.add(one);
    for (const { node } of readers.get(one) ?? []) {
      if (SPATIAL.has(node.opType) && node.input[0] === one) return true;
      if (isNeutral(node.opType)) open.push(...node.output);
    }
  }
  return false;
}
