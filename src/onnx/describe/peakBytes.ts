import { DATA_TYPES } from '../dataTypes.ts';
import type { OnnxNodeDescription, OnnxTensorDescription } from './description.ts';

const BITS = new Map(Object.values(DATA_TYPES).map(({ name, bits }) => [name, bits]));

/**
 * The most bytes of inputs, inner tensors and outputs that are needed at one time when the nodes run in the file's order, each
 * tensor being dropped after the last node that reads it. Weights and constants are not among them. An engine that keeps copies
 * in another layout takes more, one that reshapes in place less. Undefined where a shape is open, or branches or loops decide.
 */
export function peakBytes(
  inputs: readonly OnnxTensorDescription[],
  nodes: readonly OnnxNodeDescription[],
  outputs: readonly OnnxTensorDescription[],
): number | undefined {
  if (nodes.some(({ within }) => within !== '')) return undefined;
  const lastUse = new Map<string, number>();
  for (const [i, node] of nodes.entries()) for (const name of node.inputs) lastUse.set(name, i);
  for (const { name } of outputs) lastUse.set(name, nodes.length);
  const alive = new Map<string, number>();
  const begin = (tensor: OnnxTensorDescription): boolean => {
    const bytes = bytesOf(tensor);
    if (bytes !== undefined) alive.set(tensor.name, bytes);
    return bytes !== undefined;
  };
  if (!inputs.every(begin)) return undefined;
  let total = sumOf(alive);
  let peak = total;
  for (const [i, node] of nodes.entries()) {
    const made = node.outputs.filter(({ name }) => name !== '');
    // A constant is stored with the weights.
    if (node.operator !== 'Constant') {
      if (!made.every(begin)) return undefined;
      for (const { name } of made) total += alive.get(name) ?? 0;
    }
    peak = Math.max(peak, total);
    for (const name of new Set([...node.inputs, ...made.map((one) => one.name)])) {
      if ((lastUse.get(name) ?? i) > i) continue;
      total -= alive.get(name) ?? 0;
      alive.delete(name);
    }
  }
  return peak;
}

function bytesOf({ dtype, shape }: OnnxTensorDescription): number | undefined {
  const bits = dtype === null ? 0 : (BITS.get(dtype) ?? 0);
  // Text has no fixed length.
  if (bits === 0 || shape === null) return undefined;
  let elements = 1;
  for (const length of shape) {
    if (typeof length !== 'number') return undefined;
    elements *= length;
  }
  return Math.ceil((elements * bits) / 8);
}

function sumOf(sizes: ReadonlyMap<string, number>): number {
  return [...sizes.values()].reduce((sum, one) => sum + one, 0);
}
