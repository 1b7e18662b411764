import type { Tensor } from '../../runtime/tf.ts';
import type { Tf } from '../../runtime/tfNamespace.ts';

/** ONNX's attributes as plain values; an optional one that is left out is undefined. */
export type Attributes = Readonly<Record<string, number | string | readonly number[]>>;

/** Computes an operator. Called inside a tidy. */
export type Evaluator = (tf: Tf, inputs: readonly Tensor[], attributes: Attributes) => Tensor;

/** By ONNX's name with a small first letter. Files of `evaluation/` export one table each. */
export type EvaluatorTable = Readonly<Record<string, Evaluator>>;

export function numberOf(attributes: Attributes, name: string, fallback: number): number {
  const value = attributes[name];
  return typeof value === 'number' ? value : fallback;
}

export function listOf(attributes: Attributes, name: string): readonly number[] {
  const value = attributes[name];
  return Array.isArray(value) ? (value as readonly number[]) : [];
}

export function wordOf(attributes: Attributes, name: string, fallback: string): string {
  const value = attributes[name];
  return typeof value === 'string' ? value : fallback;
}
