import { LimbeckError } from '../../core/errors.ts';
import { freshName } from '../../onnx/names.ts';
import type { layers, SymbolicTensor } from '../../runtime/tf.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';
import { onnxOperator } from '../layers/onnxOperator.ts';
import { arrangeValue } from './arrange.ts';
import type { Builder, Constant, Operand, OperatorPlan, Step, Value } from './operator.ts';

type Layer = InstanceType<typeof layers.Layer>;

/** What a builder is made with, and what it collects. */
export interface Workshop {
  readonly builder: Builder;
  /** The student's value for each value of the model. */
  readonly values: Map<string, Value>;
  /** The numbers of each weight, by its name in the saved model. */
  readonly data: Map<string, Float32Array>;
  /** The layers, with the node that each was made for. */
  readonly layers: Map<Layer, string>;
}

export function openWorkshop(tf: Tf, followers: (step: Step) => Step | undefined): Workshop {
  const values = new Map<string, Value>();
  const data = new Map<string, Float32Array>();
  const made = new Map<Layer, string>();
  const taken = new Set<string>();
  let current = '';

  const plainName = (wanted: string): string => {
    return freshName(taken, wanted.replace(/[^-A-Za-z0-9._/]/g, '_').replace(/^[^A-Za-z0-9]+/, '') || 'layer');
  };

  /** tfjs frees a tensor too early if one layer reads it twice, so the second time it passes through its own layer. */
  const apart = (tensor: SymbolicTensor, i: number, all: readonly SymbolicTensor[]): SymbolicTensor => {
    if (all.indexOf(tensor) === i) return tensor;
    const name = plainName(`${(tensor.sourceLayer as { name: string }).name}_again`);
    return tf.layers.activation({ activation: 'linear', name }).apply(tensor) as SymbolicTensor;
  };

  const builder: Builder = {
    tf,
    value(step, index) {
      const name = step.node.input[index] as string;
      const value = values.get(name);
      if (value === undefined) throw unbuildable(step, `it computes on "${name}", which is stored`);
      return value;
    },
    arrange: (value, axes) => arrangeValue(builder, value, axes),
    name(step, weight) {
      current = step.node.name || step.name;
      return plainName(stemOf(step, weight));
    },
    plainName,
    apply(layer, input, weights = []) {
      const result = layer.apply(Array.isArray(input) ? input.map(apart) : (input as SymbolicTensor)) as SymbolicTensor;
      made.set(layer, current);
      layer.weights.forEach(({ originalName }, i) => void data.set(originalName, weights[i] as Float32Array));
      return result;
    },
    operate(step, plan) {
      const { tensors, weights, config } = splitOperands(plan);
      const name = builder.name(
        step,
        weights.find(({ isFloat }) => isFloat),
      );
      const layer = onnxOperator(tf, { name, ...config });
      return builder.apply(
        layer,
        tensors.length === 1 ? (tensors[0] as SymbolicTensor) : tensors,
        heldOrder(weights, plan.operands),
      );
    },
    follower: followers,
    settle: (step, value) => void values.set(step.node.output[0] as string, value),
  };
  return { builder, values, data, layers: made };
}

/** A problem that shows only while a node is built. */
export function unbuildable(step: Step, why: string, cause?: unknown): LimbeckError {
  const node = { name: step.name, operator: step.node.opType, why };
  return new LimbeckError(
    'unsupported-operator',
    `The model cannot become a student: "${node.name}" (${node.operator}): ${why}. Cut such nodes off with "outputs", or use the model as a teacher.`,
    { details: { nodes: [node] }, ...(cause !== undefined && { cause }) },
  );
}

/** 'conv1' for 'conv1.weight'; for nameless weights the node's own name. */
function stemOf({ node, name }: Step, weight: Constant | undefined): string {
  const stem = weight && /^(?!onnx::)(.+)[./][^./]+$/.exec(weight.name)?.[1];
  if (stem !== undefined) return stem;
  const own = name.replace(/^\/+/, '');
  return own.endsWith(`/${node.opType}`) ? own.slice(0, -node.opType.length - 1) : own;
}

type WeightOperand = Exclude<Operand, SymbolicTensor | number>;

function isWeight(operand: Operand): operand is WeightOperand {
  return typeof operand === 'object' && 'weight' in operand;
}

function splitOperands({ operator, operands, attributes = {}, shape }: OperatorPlan) {
  const tensors: SymbolicTensor[] = [];
  const numbers: number[] = [];
  const weights: WeightOperand[] = [];
  const kinds = operands.map((operand) => {
    if (typeof operand === 'number') numbers.push(operand);
    else if (isWeight(operand)) weights.push(operand);
    else tensors.push(operand);
    return typeof operand === 'number' ? 'number' : isWeight(operand) ? 'weight' : 'tensor';
  });
  const plans = weights.map(({ weight, isFixed = false }, i) => ({
    name: leafOf(weights, i),
    shape: weight.shape,
    learns: weight.isFloat && !isFixed ? (1 as const) : (0 as const),
  }));
  const config = { operator, attributes, operands: kinds, numbers, weightPlans: plans, shape } as const;
  return { tensors, weights: weights.map(({ weight }) => weight), config };
}

/** tfjs lists a layer's trainable weights before the others. */
function heldOrder(weights: readonly Constant[], operands: readonly Operand[]): Float32Array[] {
  const fixed = operands.filter(isWeight).map(({ isFixed = false, weight }) => isFixed || !weight.isFloat);
  const of = (isFixed: boolean) => weights.filter((_, i) => fixed[i] === isFixed).map(({ data }) => data);
  return [...of(false), ...of(true)];
}

/** The last part of a weight's name, numbered if it occurs twice. */
function leafOf(weights: readonly WeightOperand[], index: number): string {
  const leaves = weights.map(({ weight }) => /[./]([A-Za-z]\w*)$/.exec(weight.name)?.[1] ?? 'weight');
  const leaf = leaves[index] as string;
  return leaves.indexOf(leaf) === index ? leaf : `${leaf}${index}`;
}
