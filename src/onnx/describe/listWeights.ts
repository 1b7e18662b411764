import { LimbeckError } from '../../core/errors.ts';
import { nearNames } from '../../core/nearNames.ts';
import { DATA_TYPES } from '../dataTypes.ts';
import type { OnnxModel, OnnxNode, OnnxTensor } from '../model.ts';
import { domainOf } from '../operators.ts';
import { ints } from '../shapes/call.ts';
import { constantIn } from '../tensorData.ts';

/** A stored matrix that a node multiplies by. */
export interface LayerWeight {
  /** The node's name, or that of its output where it has none. */
  readonly node: string;
  readonly operator: 'MatMul' | 'Gemm' | 'Conv';
  /** The stored value's name: an initializer, or the output of a Constant. */
  readonly weight: string;
  /** As it is stored. */
  readonly shape: readonly number[];
  readonly dtype: string;
  /** As a matrix: rows and columns of what is stored; of Conv [M, C / group · kernel]. */
  readonly rows: number;
  readonly columns: number;
  /** Whether a row is what one output is made of, [outputs, inputs], and not a column. */
  readonly outputsFirst: boolean;
  /** How many nodes read the stored value. */
  readonly readers: number;
}

/**
 * The weights of a model's MatMul, Gemm and Conv nodes, in the order of the file, found through Identity and through
 * Transpose of a matrix. Nodes inside of branches and loops are left out, and so are weights that are computed otherwise,
 * such as quantized ones, and products of more than two axes.
 */
export function listWeights(model: OnnxModel): LayerWeight[] {
  const sources = storedSources(model);
  const readers = new Map<string, number>();
  const found: LayerWeight[] = [];
  for (const node of model.graph.node) {
    const operator = operatorOf(node);
    if (operator === undefined) continue;
    const position = positionOf(node, operator, sources);
    const source = position === undefined ? undefined : sources.get(node.input[position] ?? '');
    if (position === undefined || source === undefined) continue;
    const shape = source.tensor.dims.map(Number);
    if (operator === 'Conv' ? shape.length < 3 || source.isTurned : shape.length !== 2) continue;
    const rows = shape[0] as number;
    found.push({
      node: nodeName(node),
      operator,
      weight: source.name,
      shape,
      dtype: DATA_TYPES[source.tensor.dataType]?.name ?? 'unknown',
      rows,
      columns: shape.slice(1).reduce((product, length) => product * length, 1),
      outputsFirst: outputsFirst(node, operator, position) !== source.isTurned,
      readers: 0,
    });
    readers.set(source.name, (readers.get(source.name) ?? 0) + 1);
  }
  return found.map((one) => ({ ...one, readers: readers.get(one.weight) ?? 1 }));
}

/** The weight of that name, or of the node of that name. Throws    unknown-tensor */
export function findWeight(weights: readonly LayerWeight[], wanted: string, modelName: string): LayerWeight {
  const found = weights.find(({ weight }) => weight === wanted) ?? weights.find(({ node }) => node === wanted);
  if (found !== undefined) return found;
  const names = [...new Set(weights.flatMap(({ weight, node }) => [weight, node]))];
  const near = nearNames(wanted, names);
  const listed = (near.length > 0 ? near : names.slice(0, 5)).map((one) => `"${one}"`).join(', ') || 'none';
  throw new LimbeckError(
    'unknown-tensor',
    `"${modelName}" has no MatMul, Gemm or Conv with a stored weight "${wanted}". ${near.length > 0 ? 'Close to it are' : 'It has'} ${listed}.`,
    { details: { weight: wanted, near } },
  );
}

/** A node's name, or that of what it gives. */
export function nodeName({ name, output }: OnnxNode): string {
  return name === '' ? (output[0] ?? '') : name;
}

interface Source {
  readonly name: string;
  readonly tensor: OnnxTensor;
  /** Whether it is read with rows and columns exchanged. */
  readonly isTurned: boolean;
}

/** Every value of the outer graph that is a stored one, through Identity and Transpose. */
function storedSources({ graph }: OnnxModel): Map<string, Source> {
  const sources = new Map<string, Source>();
  for (const tensor of graph.initializer) sources.set(tensor.name, { name: tensor.name, tensor, isTurned: false });
  for (const node of graph.node) {
    const { opType, domain, input } = node;
    const [name = ''] = node.output;
    if (domainOf(domain) !== '') continue;
    const tensor = constantIn(node);
    if (tensor !== undefined) sources.set(name, { name, tensor, isTurned: false });
    const source = sources.get(input[0] ?? '');
    if (source === undefined) continue;
    if (opType === 'Identity') sources.set(name, source);
    const isTurn = opType === 'Transpose' && source.tensor.dims.length === 2;
    const order = ints({ node }, 'perm') ?? [1, 0];
    if (isTurn) sources.set(name, { ...source, isTurned: source.isTurned !== (order[0] === 1) });
  }
  return sources;
}

function operatorOf({ opType, domain }: OnnxNode): LayerWeight['operator'] | undefined {
  const isKnown = opType === 'MatMul' || opType === 'Gemm' || opType === 'Conv';
  return isKnown && domainOf(domain) === '' ? opType : undefined;
}

/** Which of a node's inputs is the stored one. */
function positionOf(
  { input }: OnnxNode,
  operator: LayerWeight['operator'],
  sources: ReadonlyMap<string, Source>,
): 0 | 1 | undefined {
  const [first, second] = [0, 1].map((at) => sources.has(input[at] ?? ''));
  if (operator === 'Conv' || first !== true) return second === true ? 1 : undefined;
  return second === true ? undefined : 0;
}

/** How the operator reads a matrix that stands at a position, before a Transpose on the way to it. */
function outputsFirst(node: OnnxNode, operator: LayerWeight['operator'], position: 0 | 1): boolean {
  if (operator === 'Conv') return true;
  const flag = position === 0 ? 'transA' : 'transB';
  const isTurned = operator === 'Gemm' && node.attribute.some(({ name, i }) => name === flag && i === 1n);
  return (position === 0) !== isTurned;
}
