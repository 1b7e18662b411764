import type { Builder, Constant, Operand, Step, Value } from './operator.ts';
import { turnedConstant } from './placing.ts';

/** A node's broadcast operands, in one order of axes. */
export interface Broadcast {
  readonly operands: readonly Operand[];
  readonly axes: readonly number[];
  readonly rank: number;
}

/** A stored number below this is a mask and does not learn. */
const MASKED = -1e4;

/**
 * The operands of an elementwise node, in the axis order of the first tensor with the most axes. ONNX aligns axes from the
 * end.
 */
export function broadcastOperands(step: Step, builder: Builder): Broadcast {
  const constants = step.node.input.map((_, i) => step.constant(i));
  const ranks = step.node.input.map((_, i) => constants[i]?.shape.length ?? builder.value(step, i).rank);
  const rank = Math.max(...ranks);
  const values = step.node.input.map((_, i): Value | undefined => {
    if (constants[i] !== undefined) return undefined;
    const value = builder.value(step, i);
    return { ...value, rank, axes: value.axes.map((axis) => axis + rank - value.rank) };
  });
  const axes = commonAxes(
    values.filter((one) => one !== undefined),
    constants.filter((one) => one !== undefined),
    rank,
  );
  const isAffine = step.node.opType === 'Mul' || step.node.opType === 'Add';
  const operands = step.node.input.map((_, i): Operand => {
    const constant = constants[i];
    return constant === undefined
      ? builder.arrange(values[i] as Value, axes)
      : asOperand(constant, axes, rank, isAffine);
  });
  return { operands, axes, rank };
}

/** The axes of the value with the most, and further axes of the others. */
function commonAxes(values: readonly Value[], constants: readonly Constant[], rank: number): number[] {
  const needed = new Set(values.flatMap(({ axes }) => [...axes]));
  for (const { shape } of constants) {
    shape.forEach((length, i) => {
      if (length !== 1) needed.add(i + rank - shape.length);
    });
  }
  const widest = values.reduce((best, one) => (one.axes.length > best.axes.length ? one : best));
  const missing = [...needed].filter((axis) => !widest.axes.includes(axis)).sort((a, b) => a - b);
  if (missing.length === 0) return [...widest.axes];
  const isSorted = widest.axes.every((axis, i) => i === 0 || axis > (widest.axes[i - 1] as number));
  return isSorted ? [...needed].sort((a, b) => a - b) : [widest.axes[0] as number, ...missing, ...widest.axes.slice(1)];
}

/** A single number stays a number, unless it is a weight of the file that scales or shifts; a weight has axes. */
function asOperand(constant: Constant, axes: readonly number[], rank: number, isAffine: boolean): Operand {
  const [only] = constant.data;
  const isNumber = constant.data.length === 1 && only !== undefined && Number.isFinite(only);
  const isWeight = isAffine && constant.isParameter === true && constant.shape.length > 0;
  if (isNumber && !(isWeight && only > MASKED)) return only;
  const missing = rank - constant.shape.length;
  const whole = { ...constant, shape: [...new Array<number>(missing).fill(1), ...constant.shape] };
  // Axes that no operand has get length 1 here too.
  const others = Array.from({ length: rank }, (_, i) => i).filter((axis) => !axes.includes(axis));
  const { shape, data } = turnedConstant(whole, [...others, ...axes]);
  const held = shape.slice(others.length);
  const first = held.findIndex((length) => length !== 1);
  const weight = { ...constant, shape: first < 0 ? [1] : held.slice(first), data: finite(data) };
  return { weight, isFixed: data.some((one) => one <= MASKED || !Number.isFinite(one)) };
}

/** An infinity would give 0 · ∞ in a gradient, and is not a number in a file of weights. */
function finite(data: Float32Array): Float32Array {
  return data.map((one) => (Number.isFinite(one) ? one : one > 0 ? 3.4e38 : -3.4e38));
}
