import { LimbeckError } from '../../core/errors.ts';
import type { Call } from '../../onnx/shapes/call.ts';
import * as attributes from '../../onnx/shapes/call.ts';
import * as tf from '../../runtime/tf.ts';
import type { LayoutValue } from './layoutValue.ts';
import type { Step, Stored } from './steps.ts';

/** A step with its inputs: what an operator computes from. */
export interface StepCall {
  readonly step: Step;
  readonly opset: number;
  /** The node with what is known about its inputs, as rules of operators read it. */
  readonly onnx: Call;
  /** Whether an optional input is given. */
  has(index: number): boolean;
  value(index: number): LayoutValue;
  /** The elements of an input that is known before anything runs. */
  numbers(index: number): readonly number[] | undefined;
  /** An input that the model stores. */
  stored(index: number): Stored | undefined;
  shape(index: number): number[];
  /** A tensor made from stored ones, once for all runs of the program. */
  kept(name: string, make: () => tf.Tensor): tf.Tensor;
}

/** An operator returns its outputs in order. Its intermediate tensors are freed afterwards. */
export type Operator = (call: StepCall) => LayoutValue | readonly LayoutValue[];

export type Operators = Readonly<Record<string, Operator>>;

export function int({ step }: StepCall, name: string, fallback: number): number {
  return attributes.int(step, name, fallback);
}

export function ints({ step }: StepCall, name: string): readonly number[] | undefined {
  return attributes.ints(step, name);
}

export function float({ step }: StepCall, name: string, fallback: number): number {
  return attributes.float(step, name) ?? fallback;
}

export function text({ step }: StepCall, name: string, fallback: string): string {
  return attributes.text(step, name, fallback);
}

/** An axis counted from the front. */
export function front(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** The axis of an attribute, counted from the front. */
export function axisOf(call: StepCall, fallback: number): number {
  return front(int(call, 'axis', fallback), call.shape(0).length);
}

/** The elements of an input that must be known before the operator runs. Throws    unsupported-operator */
export function needNumbers(call: StepCall, index: number): readonly number[] {
  const found = call.numbers(index);
  if (found !== undefined) return found;
  throw unsupported(call, `its input ${index} depends on the data`);
}

/** Axes from an attribute, or in later versions from an input; undefined if there are none. */
export function axesAt(call: StepCall, index: number, rank: number): number[] | undefined {
  const given = ints(call, 'axes') ?? (call.has(index) ? needNumbers(call, index) : undefined);
  return given?.map((axis) => front(axis, rank)).sort((a, b) => a - b);
}

export function unsupported({ step }: StepCall, why: string): LimbeckError {
  return new LimbeckError('unsupported-operator', `The kernels cannot run ${step.op} of this model: ${why}.`, {
    details: { operator: step.op, node: step.node.name },
  });
}

/** Runs a kernel by name, if tfjs has no function for it or one that takes fewer arguments. */
export function runKernel(name: string, inputs: tf.NamedTensorMap, attrs: object = {}): tf.Tensor {
  return tf.engine().runKernel(name, inputs, attrs as tf.NamedAttrMap) as tf.Tensor;
}
