import type { OnnxModel } from './model.ts';

/** As much of a node as it takes to follow an input. */
export interface OutlineNode {
  readonly opType: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  /** Of a Cast: the element type that it makes. */
  readonly to?: number;
}

/** As much of a model as it takes to say what its inputs take bytes for. */
export interface OnnxOutline {
  readonly producerName: string;
  readonly nodes: readonly OutlineNode[];
}

/** The outline of a model that was read whole. */
export function outlineOf({ producerName, graph }: OnnxModel): OnnxOutline {
  const nodes = graph.node.map(({ opType, input, output, attribute }) => {
    const to = attribute.find(({ name }) => name === 'to');
    return { opType, input, output, ...(to && { to: Number(to.i) }) };
  });
  return { producerName, nodes };
}

export function floatInputsOf({ graph }: OnnxModel): string[] {
  return graph.input.flatMap(({ name, type }) => (FLOATS.includes(type?.tensorType?.elemType ?? 0) ? [name] : []));
}

/** Of onnx.proto's TensorProto.DataType: float, float16, double, bfloat16. */
const FLOATS = [1, 10, 11, 16];
const MOVING = new Set('Identity Reshape Flatten Transpose Squeeze Unsqueeze'.split(' '));

/**
 * Of a model's inputs of floats those that read bytes as pixels of 0…1: the inputs of a student that limbeck wrote, but
 * for those whose numbers are ids. Of a model from elsewhere nothing is known: there bytes are the numbers that they are.
 */
export function pixelInputs({ producerName, nodes }: OnnxOutline, floatInputs: readonly string[]): string[] {
  if (producerName !== 'limbeck') return [];
  return floatInputs.filter((input) => !holdsIds(input, nodes));
}

function holdsIds(input: string, nodes: readonly OutlineNode[]): boolean {
  const values = new Set([input]);
  // In a file a node comes after those that it reads.
  return nodes.some(({ opType, input: read, output, to }) => {
    if (!read.some((name) => values.has(name))) return false;
    const isFloatCast = opType === 'Cast' && FLOATS.includes(to ?? 1);
    if (isFloatCast || MOVING.has(opType)) for (const name of output) values.add(name);
    return (opType === 'Cast' && !isFloatCast) || (opType === 'Gather' && values.has(read[1] ?? ''));
  });
}
