// Calls of kernels that no kernel should get, made from good ones. Only tests import this file.
import { seededRandom } from '../../../core/random.ts';
import { sizeOf } from '../../../core/shape.ts';
import * as tf from '../../tf.ts';

/** A call as plain values. */
export interface PlainCall {
  readonly inputs: Readonly<Record<string, PlainTensor>>;
  readonly attrs: Readonly<Record<string, unknown>>;
}

export interface PlainTensor {
  readonly shape: readonly number[];
  readonly dtype: tf.DataType;
}

/** What is left of a call when it is over. `OptimizerStep` gets tensors as attributes, which nobody changes here. */
export function plainCall(inputs: tf.NamedTensorInfoMap, attrs: tf.NamedAttrMap | undefined): PlainCall {
  const tensors = Object.entries(inputs).flatMap(([name, tensor]) =>
    tensor ? [[name, { shape: [...tensor.shape], dtype: tensor.dtype }] as const] : [],
  );
  return { inputs: Object.fromEntries(tensors), attrs: JSON.parse(JSON.stringify(attrs ?? {})) };
}

/** Most values of an input. */
const LARGEST_INPUT = 2 ** 14;
const LENGTHS = [0, 1, 2, 3, 5, 17, 64];
const NUMBERS = [-1, 0, 1, 2, 3, 7, 100, -100, 2 ** 31, -(2 ** 31), 2 ** 32 + 1, 0.5, Number.NaN];
const NAMES = ['valid', 'same', 'NCHW', 'NHWC', 'relu', 'relu6', 'prelu', 'sigmoid', 'linear', 'bool', 'ij,jk->ik', ''];
const DTYPES: readonly tf.DataType[] = ['float32', 'int32', 'bool'];

type Random = () => number;

/** The call with one to three things changed. */
export function spoilt(call: PlainCall, seed: number): PlainCall {
  const random = seededRandom(seed);
  let result = call;
  const times = 1 + Math.floor(random() * 3);
  for (let i = 0; i < times; i++) {
    const hasAttrs = Object.keys(result.attrs).length > 0;
    if (hasAttrs && random() < 0.4) result = { ...result, attrs: changedAttrs(result.attrs, random) };
    else result = { ...result, inputs: changedInputs(result.inputs, random) };
  }
  return result;
}

function changedInputs(inputs: PlainCall['inputs'], random: Random): PlainCall['inputs'] {
  const names = Object.keys(inputs);
  if (names.length === 0) return inputs;
  const name = pick(names, random);
  const tensor = inputs[name] as PlainTensor;
  const other = inputs[pick(names, random)] as PlainTensor;
  const { [name]: _, ...rest } = inputs;
  switch (Math.floor(random() * 8)) {
    case 0:
      return { ...inputs, [name]: { ...tensor, dtype: pick(DTYPES, random) } };
    case 1:
      return { ...inputs, [name]: { ...other } };
    case 2:
      return random() < 0.3 ? rest : { ...inputs, [name]: { ...tensor, shape: [...tensor.shape].reverse() } };
    case 3:
      return { ...inputs, [name]: { ...tensor, shape: ofRank(Math.floor(random() * 7), tensor.shape, random) } };
    default:
      return { ...inputs, [name]: { ...tensor, shape: ofOtherLength(tensor.shape, random) } };
  }
}

function ofRank(rank: number, shape: readonly number[], random: Random): number[] {
  const longer = [...Array.from({ length: rank }, () => 1 + Math.floor(random() * 2)), ...shape];
  return random() < 0.5 ? longer.slice(longer.length - rank) : [...shape, ...longer].slice(0, rank);
}

function ofOtherLength(shape: readonly number[], random: Random): number[] {
  const at = Math.floor(random() * shape.length);
  const length = shape[at] ?? 1;
  const next = random() < 0.5 ? length + (random() < 0.5 ? 1 : -1) : pick(LENGTHS, random);
  return shape.map((same, i) => (i === at ? Math.max(0, next) : same));
}

function changedAttrs(attrs: PlainCall['attrs'], random: Random): PlainCall['attrs'] {
  const name = pick(Object.keys(attrs), random);
  const { [name]: value, ...rest } = attrs;
  return random() < 0.1 ? rest : { ...rest, [name]: changedValue(value, random) };
}

function changedValue(value: unknown, random: Random): unknown {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return random() < 0.3 ? value + (random() < 0.5 ? 1 : -1) : pick(NUMBERS, random);
  if (typeof value === 'string') return pick(NAMES, random);
  if (!Array.isArray(value)) return pick([undefined, null, 1, -1, [1, 1]], random);
  if (random() < 0.15) return value.slice(1);
  if (random() < 0.15) return [...value, pick(NUMBERS, random)];
  const at = Math.floor(random() * value.length);
  return value.map((one, i) => (i === at ? changedValue(one, random) : one));
}

function pick<T>(list: readonly T[], random: Random): T {
  return list[Math.floor(random() * list.length)] as T;
}

/** Tensors of small values: as indices some fit, some are negative, some too large. `undefined` for too many values. */
export function tensorsOf({ inputs }: PlainCall, seed: number): Record<string, tf.Tensor> | undefined {
  const random = seededRandom(seed);
  if (Object.values(inputs).some(({ shape }) => sizeOf(shape) > LARGEST_INPUT)) return undefined;
  const tensors = Object.entries(inputs).map(([name, { shape, dtype }]) => {
    const isIndex = dtype === 'int32';
    const spread = random() < 0.5 ? 2 : 12;
    const values = Array.from({ length: sizeOf(shape) }, () =>
      isIndex ? Math.floor(random() * spread) - (spread > 2 ? 1 : 0) : random() * 2 - 1,
    );
    const ofType = dtype === 'bool' ? values.map((x) => (x > 0 ? 1 : 0)) : values;
    return [name, tf.tensor(ofType, [...shape], dtype)] as const;
  });
  return Object.fromEntries(tensors);
}
