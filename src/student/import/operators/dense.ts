import { sizeOf } from '../../../core/shape.ts';
import { transposed } from '../../../core/transposed.ts';
import { float, int } from '../../../onnx/shapes/call.ts';
import { mergedActivation } from '../activationOf.ts';
import type { Builder, Constant, OperatorTable, Step, Value } from '../operator.ts';
import { BATCH, lengthsAt, outputShape, refuseUnknown, withLast } from '../placing.ts';

/** Products with matrices. */
export const dense: OperatorTable = {
  Gemm: {
    refuse(step) {
      const isTurned = int(step, 'transA', 0) === 1 && step.inputs[0]?.shape?.[0] === BATCH;
      return refuseUnknown(step) ?? (isTurned ? 'it adds up over the batch' : refuseMixed(step));
    },
    build(step, builder) {
      const weight = step.constant(1);
      const isBiased = step.inputs[2] !== undefined;
      const isRowed = !isBiased || isRow(step.constant(2), outputWidth(step));
      if (weight === undefined || !isRowed || int(step, 'transA', 0) === 1) return gemm(step, builder);
      const [alpha, beta] = [float(step, 'alpha') ?? 1, float(step, 'beta') ?? 1];
      const kernel = int(step, 'transB', 0) === 1 ? transposed(weight, [1, 0]).data : weight.data;
      const bias = step.constant(2);
      const parts = {
        kernel: scaled(kernel, alpha),
        ...(bias && { bias: scaled(widened(bias.data, outputWidth(step)), beta) }),
      };
      return [densely(step, builder, weight, parts, step)];
    },
  },
  MatMul: {
    refuse(step) {
      const unknown = refuseUnknown(step);
      const [a, b] = step.inputs.map((one) => one?.shape?.length ?? 0) as [number, number];
      if (unknown !== undefined || (step.constant(1) !== undefined && b === 2 && a >= 2)) return unknown;
      return a < 2 || b < 2 ? 'one operand is a vector' : refuseMixed(step);
    },
    build(step, builder) {
      const weight = step.constant(1);
      if (weight === undefined || weight.shape.length !== 2) return product(step, builder);
      const biased = biasAfter(step, builder);
      const parts = { kernel: weight.data, ...(biased && { bias: biased.bias }) };
      return [densely(step, builder, weight, parts, biased?.last ?? step)];
    },
  },
};

/** A second operand [B, F] would mix the examples of a batch. */
function refuseMixed({ inputs }: Step): string | undefined {
  const shape = inputs[1]?.shape ?? [];
  return shape.slice(-2).includes(BATCH) ? 'it multiplies with a matrix that has the batch in it' : undefined;
}

function outputWidth(step: Step): number {
  const last = step.outputs[0]?.shape?.at(-1);
  return typeof last === 'number' ? last : (step.constant(1)?.shape[int(step, 'transB', 0) === 1 ? 0 : 1] ?? 0);
}

function isRow(bias: Constant | undefined, width: number): boolean {
  if (bias === undefined) return false;
  return bias.data.length === 1 || (bias.data.length === width && bias.shape.at(-1) === width);
}

function widened(data: Float32Array, width: number): Float32Array {
  return data.length === 1 && width > 1 ? new Float32Array(width).fill(data[0] as number) : data;
}

function scaled(data: Float32Array, factor: number): Float32Array {
  return factor === 1 ? data : data.map((one) => one * factor);
}

/** The Add of a row after a product whose output only it reads. */
function biasAfter(step: Step, builder: Builder): { bias: Float32Array; last: Step } | undefined {
  const last = builder.follower(step);
  if (last?.node.opType !== 'Add') return undefined;
  const bias = last.constant(0) ?? last.constant(1);
  const width = outputWidth(step);
  const rank = step.outputs[0]?.shape?.length ?? 0;
  if (bias === undefined || !bias.isFloat || bias.shape.length > rank || !isRow(bias, width)) return undefined;
  return bias.data.length === width ? { bias: bias.data, last } : undefined;
}

/** `last`: the node whose value the dense layer's result is. */
function densely(
  step: Step,
  builder: Builder,
  weight: Constant,
  { kernel, bias }: { readonly kernel: Float32Array; readonly bias?: Float32Array },
  last: Step,
): Value {
  const { tf, apply, name } = builder;
  const value = builder.value(step, 0);
  const axis = value.rank - 1;
  const isHeld = value.axes.at(-1) === axis;
  const axes = isHeld ? [...value.axes] : withLast(value, axis);
  const isShuffled = value.shuffle !== undefined && isHeld;
  const x = isShuffled ? value.tensor : builder.arrange(value, axes);
  const merged = mergedActivation(last, builder);
  const units = outputWidth(step);
  const layer = tf.layers.dense({
    units,
    useBias: bias !== undefined,
    kernelInitializer: 'zeros',
    name: name(step, weight),
    ...(merged && { activation: merged.activation as 'relu' }),
  });
  const held = isShuffled ? shuffledRows(kernel, value, units) : kernel;
  const result = { tensor: apply(layer, x, [held, ...(bias ? [bias] : [])]), axes, rank: value.rank };
  if (last !== step) builder.settle(last, result);
  if (merged !== undefined) builder.settle(merged.last, result);
  return result;
}

/** The rows of a kernel in the order of the flattened axis. */
function shuffledRows(kernel: Float32Array, { shuffle }: Value, units: number): Float32Array {
  if (shuffle === undefined) return kernel;
  const { lengths, order } = shuffle;
  return transposed({ shape: [...lengths, units], data: kernel.subarray(0, sizeOf(lengths) * units) }, [
    ...order,
    lengths.length,
  ]).data;
}

function gemm(step: Step, builder: Builder): readonly Value[] {
  const operands = step.node.input.map((input, i) => {
    const constant = step.constant(i);
    if (constant !== undefined) return { weight: constant };
    return input === '' ? 0 : builder.arrange(builder.value(step, i), [0, 1]);
  });
  const attributes = {
    transA: int(step, 'transA', 0),
    transB: int(step, 'transB', 0),
    alpha: float(step, 'alpha') ?? 1,
    beta: float(step, 'beta') ?? 1,
  };
  const shape = lengthsAt(outputShape(step), [0, 1]);
  return [{ tensor: builder.operate(step, { operator: 'gemm', operands, attributes, shape }), axes: [0, 1], rank: 2 }];
}

/** A product of two tensors, or of a tensor and a stack of stored matrices, in the model's order of axes. */
function product(step: Step, builder: Builder): readonly Value[] {
  const rank = outputShape(step).length;
  const operands = [0, 1].map((i) => {
    const constant = step.constant(i);
    if (constant !== undefined) return { weight: constant };
    const value = builder.value(step, i);
    const all = Array.from({ length: value.rank }, (_, axis) => axis);
    return builder.arrange(value, all);
  });
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  const shape = lengthsAt(outputShape(step), axes);
  return [{ tensor: builder.operate(step, { operator: 'matMul', operands, shape }), axes, rank }];
}
