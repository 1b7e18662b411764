import { sizeOf } from '../../core/shape.ts';
import { numbers } from '../../onnx/simplify/convert.ts';
import { dataOf } from '../../onnx/tensorData.ts';
import type { Constant, Step } from './operator.ts';
import { BATCH } from './placing.ts';

/** Operators that keep a value constant if all its elements are one number. */
const MOVING = new Set('Identity Cast Unsqueeze Squeeze Reshape Transpose Slice Gather Expand Tile'.split(' '));

/**
 * The stored value, with a batch of one, that a node only repeats for each example, such as a class token or an initial state
 * of zeros. Undefined for any other node.
 */
export function stretched(step: Step): Constant | undefined {
  const [made] = step.outputs;
  const name = step.node.output[0] as string;
  if (made?.shape?.includes(BATCH) !== true) return undefined;
  const shape = made.shape.map((length) => (length === BATCH ? 1 : length));
  if (!isKnown(shape)) return undefined;
  if (step.node.opType === 'ConstantOfShape') return filled(name, shape, fillerOf(step));
  const constant = step.constant(0);
  if (constant === undefined) return undefined;
  const [first] = constant.data;
  const isPlain = first !== undefined && constant.data.every((one) => one === first);
  if (isPlain && !constant.isFloat && MOVING.has(step.node.opType)) return filled(name, shape, first);
  const isRepeat = step.node.opType === 'Expand' || step.node.opType === 'Tile';
  return isRepeat && sizeOf(shape) === constant.data.length ? { ...constant, shape } : undefined;
}

function isKnown(shape: readonly (number | string | null)[]): shape is readonly number[] {
  return shape.every((length) => typeof length === 'number');
}

/** It stays fixed: nothing in the file is its weight. */
function filled(name: string, shape: readonly number[], number: number): Constant {
  return { name, shape, data: new Float32Array(sizeOf(shape)).fill(number), isFloat: false };
}

function fillerOf({ node }: Step): number {
  const stored = node.attribute.find(({ name }) => name === 'value')?.t;
  if (stored === undefined) return 0;
  const { dtype, data } = dataOf(stored);
  return numbers(dtype, data)[0] ?? 0;
}
