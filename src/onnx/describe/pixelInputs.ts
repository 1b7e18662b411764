import type { OnnxModel } from '../model.ts';

/** As much of a node as it takes to follow an input. */
export interface OutlineNode {
  readonly opType: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  /** Of a Cast: the element type that it makes. */
  readonly to?: number;
}

/** Of onnx.proto's TensorProto.DataType: float, float16, double, bfloat16. */
const FLOATS = [1, 10, 11, 16];
const MOVING = new Set('Identity Reshape Flatten Transpose Squeeze Unsqueeze'.split(' '));

/**
 * Of a student's inputs of floats those that read bytes as pixels of 0…1: all but those whose numbers are ids. In a file a
 * node comes after those that it reads.
 */
export function pixelInputs(nodes: readonly OutlineNode[], floatInputs: readonly string[]): string[] {
  return floatInputs.filter((input) => !holdsIds(input, nodes));
}

/** The same for a model that was read. None where limbeck did not write it: what its inputs mean is then unknown. */
export function pixelInputsOf({ producerName, graph }: OnnxModel): string[] {
  if (producerName !== 'limbeck') return [];
  const nodes = graph.node.map(({ opType, input, output, attribute }) => {
    const to = attribute.find(({ name }) => name === 'to');
    return { opType, input, output, ...(to && { to: Number(to.i) }) };
  });
  const floats = graph.input.filter(({ type }) => FLOATS.includes(type?.tensorType?.elemType ?? 0));
  return pixelInputs(
    nodes,
    floats.map(({ name }) => name),
  );
}

function holdsIds(input: string, nodes: readonly OutlineNode[]): boolean {
  const values = new Set([input]);
  return nodes.some(({ opType, input: read, output, to }) => {
    if (!read.some((name) => values.has(name))) return false;
    const isFloatCast = opType === 'Cast' && FLOATS.includes(to ?? 1);
    if (isFloatCast || MOVING.has(opType)) for (const name of output) values.add(name);
    return (opType === 'Cast' && !isFloatCast) || (opType === 'Gather' && values.has(read[1] ?? ''));
  });
}
