import { LimbeckError } from '../core/errors.ts';
import type { OnnxModel, OnnxNode } from './model.ts';
import { domainOf } from './operators.ts';
import { graphsOf } from './references.ts';
import { type GraphValues, valuesOf } from './values.ts';

const LINEAR = new Set(['MatMul', 'Gemm', 'Conv']);

/**
 * The value that a head is put on where none is named: what the last layer with weights reads. From the first output it is
 * followed back through all that has one computed input (Softmax, Reshape, an Add of a bias, …) to a MatMul, Gemm or Conv
 * with stored weights. Where paths join before one is found, it is the last such node of the file.
 *
 * For a classifier of images that is its pooled features. A model that reads a sequence (text lines, sound) has features of
 * one step there, made for its own alphabet; an earlier value, such as the last maps of its convolutions, does better.
 *
 * Throws    unknown-tensor: no node of the outer graph multiplies by stored weights
 */
export function defaultTap(model: OnnxModel, name = 'model'): string {
  const values = valuesOf(model.graph);
  const makers = new Map<string, OnnxNode>();
  for (const node of values.nodes) for (const output of node.output) makers.set(output, node);
  const computed = new Set([...values.computed, ...model.graph.input.map((input) => input.name)]);
  const back = followBack(model.graph.output[0]?.name ?? '', makers, values, computed);
  const last = back ?? values.nodes.findLast((node) => isLinear(node, values));
  const found = last?.input.find((input) => computed.has(input) && !values.constants.has(input));
  if (found !== undefined) return found;
  throw new LimbeckError(
    'unknown-tensor',
    `"${name}" has no MatMul, Gemm or Conv with stored weights whose input a head could read. Name a value with "tap".`,
    { details: { modelName: name } },
  );
}

function followBack(
  output: string,
  makers: ReadonlyMap<string, OnnxNode>,
  values: GraphValues,
  computed: ReadonlySet<string>,
): OnnxNode | undefined {
  const seen = new Set<OnnxNode>();
  for (let node = makers.get(output); node !== undefined && !seen.has(node); ) {
    if (isLinear(node, values)) return node;
    seen.add(node);
    const inputs = new Set(node.input.filter((input) => computed.has(input) && !values.constants.has(input)));
    const [only] = inputs;
    if (only === undefined || inputs.size > 1 || graphsOf(node).length > 0) return undefined;
    node = makers.get(only);
  }
  return undefined;
}

/** Whether a node multiplies what is computed by what is stored. */
export function isLinear({ opType, domain, input }: OnnxNode, { constants }: GraphValues): boolean {
  const [a = '', b = ''] = input;
  return domainOf(domain) === '' && LINEAR.has(opType) && constants.has(a) !== constants.has(b);
}
