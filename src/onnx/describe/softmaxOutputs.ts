import type { OnnxGraph, OnnxNode } from '../model.ts';

/** Nodes behind which probabilities are still the same ones, in another shape or type. */
const PASSING = new Set(
  'Identity Cast Reshape Squeeze Unsqueeze Flatten Transpose Dropout Clip QuantizeLinear DequantizeLinear'.split(' '),
);
/** What makes all numbers positive, so that their share of the sum is a probability. */
const POSITIVE = new Set(['Exp', 'Softplus', 'Sigmoid']);

/**
 * The outputs of a graph that hold probabilities of classes, by its own names: those of a Softmax, also of one in whole
 * numbers, or of one that is written as Exp, ReduceSum and Div. A LogSoftmax gives logits, and what a Sigmoid gives is no
 * distribution: it may as well be a measure.
 */
export function softmaxOutputs({ node, output }: Pick<OnnxGraph, 'node' | 'output'>): string[] {
  const makers = new Map<string, OnnxNode>();
  for (const one of node) for (const made of one.output) makers.set(made, one);
  return output.flatMap(({ name }) => (isSoftmax(makerBehind(name, makers), makers) ? [name] : []));
}

/** The node that computes a value, behind all that passes it on. */
function makerBehind(value: string, makers: ReadonlyMap<string, OnnxNode>): OnnxNode | undefined {
  let maker = makers.get(value);
  // A file that was checked has no circles.
  while (maker !== undefined && PASSING.has(maker.opType)) maker = makers.get(maker.input[0] ?? '');
  return maker;
}

function isSoftmax(maker: OnnxNode | undefined, makers: ReadonlyMap<string, OnnxNode>): boolean {
  if (maker === undefined) return false;
  if (maker.opType === 'Softmax' || maker.opType === 'QLinearSoftmax') return true;
  const [part = '', whole = ''] = maker.input;
  const sum = makers.get(whole);
  const isShare = maker.opType === 'Div' && sum?.opType === 'ReduceSum' && sum.input[0] === part;
  return isShare && POSITIVE.has(makers.get(part)?.opType ?? '');
}
