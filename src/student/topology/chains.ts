import { LimbeckError } from '../../core/errors.ts';

/**
 * How many layers may follow one another. tfjs walks a model recursively, and the stack ends near 4,500 layers in one
 * engine and elsewhere in others, so longer models are refused first.
 */
export const MOST_CHAINED = 3000;

/** The length of the longest chain of nodes; nodes in a circle, and those that depend on them, do not count. */
export function longestChain<T>(nodes: readonly T[], readsOf: (node: T) => readonly T[]): number {
  const waiting = new Map<T, number>();
  const readers = new Map<T, T[]>();
  for (const node of nodes) {
    const reads = new Set(readsOf(node));
    waiting.set(node, reads.size);
    for (const one of reads) {
      const others = readers.get(one);
      if (others === undefined) readers.set(one, [node]);
      else others.push(node);
    }
  }
  let level = nodes.filter((node) => waiting.get(node) === 0);
  let length = 0;
  for (; level.length > 0; length++) {
    const next: T[] = [];
    for (const reader of level.flatMap((node) => readers.get(node) ?? [])) {
      const left = (waiting.get(reader) as number) - 1;
      waiting.set(reader, left);
      if (left === 0) next.push(reader);
    }
    level = next;
  }
  return length;
}

/** Throws    unsupported-operator: more nodes of an ONNX model follow one another than tfjs can walk */
export function requireShort<T>(nodes: readonly T[], readsOf: (node: T) => readonly T[]): void {
  const chained = longestChain(nodes, readsOf);
  if (chained <= MOST_CHAINED) return;
  throw new LimbeckError(
    'unsupported-operator',
    `${chained} nodes of the model follow one another, and tfjs makes no model of more than ${MOST_CHAINED}. Use it as a teacher.`,
    { details: { nodes: [] } },
  );
}

interface TopologyLayer {
  readonly name?: unknown;
  readonly config?: unknown;
  readonly inbound_nodes?: unknown;
}

/**
 * The longest chain of a tfjs or Keras topology, including models in it. Code that builds the model reports its
 * mistakes.
 */
export function longestLayerChain(topology: unknown): number {
  const { model_config: inner, config, layers } = Object(topology);
  if (inner !== undefined) return longestLayerChain(inner);
  const list = [config?.layers, config, layers].find(Array.isArray) as readonly (TopologyLayer | null)[] | undefined;
  if (list === undefined) return 0;
  const within = list.reduce((most, layer) => Math.max(most, longestLayerChain(layer)), 0);
  return Math.max(within, list.some((layer) => Array.isArray(layer?.inbound_nodes)) ? calls(list) : list.length);
}

/** The longest chain of layers that name their inputs; a layer may be called more than once. */
function calls(layers: readonly (TopologyLayer | null)[]): number {
  const made = new Map<string, { readonly reads: readonly string[] }>();
  for (const layer of layers) {
    const nodes = layer?.inbound_nodes;
    const known = Array.isArray(nodes) && nodes.length > 0 ? nodes : [[]];
    for (const [i, node] of known.entries()) {
      const tensors = (Array.isArray(node) ? node : []).filter(Array.isArray);
      made.set(`${layer?.name}/${i}`, { reads: tensors.map(([name, call]) => `${name}/${call}`) });
    }
  }
  return longestChain([...made.values()], ({ reads }) => reads.flatMap((name) => made.get(name) ?? []));
}
