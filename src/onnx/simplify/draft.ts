import { copyOf, type OnnxGraph, type OnnxModel, type OnnxNode, type OnnxTensor } from '../model.ts';
import { freshName, takenNames } from '../names.ts';
import { domainOf } from '../operators.ts';
import { readsOf } from '../references.ts';
import type { Call } from '../shapes/call.ts';
import { type Inferred, UNKNOWN } from '../shapes/tensor.ts';
import { constantIn, dataOf, storedData, type TensorData } from '../tensorData.ts';

/** A graph that is being rewritten. It always knows which node makes a value and which nodes read it. */
export interface Draft {
  /** The version of ONNX's own operators that the model asks for. */
  readonly opset: number;
  /** How many changes there were so far. */
  readonly edits: () => number;
  /** The current nodes in order. Nodes that are removed during the iteration are skipped. */
  readonly nodes: () => Iterable<OnnxNode>;
  /** The node that gives a value; undefined for inputs and constants. */
  readonly maker: (name: string) => OnnxNode | undefined;
  /** The nodes that read a value, also through graphs inside them. */
  readonly readers: (name: string) => ReadonlySet<OnnxNode>;
  /** Whether the name is needed outside the nodes' own inputs: as an output, as a tap, or by a graph inside a node. */
  readonly isPinned: (name: string) => boolean;
  /** Whether the value must be computed by a node: an output or a tap. */
  readonly isResult: (name: string) => boolean;
  /** Whether exactly one node reads the value, so that it may go with that node. */
  readonly isReadOnce: (name: string) => boolean;
  /** A stored value: an initializer, or what a Constant gives. */
  readonly stored: (name: string | undefined) => OnnxTensor | undefined;
  /** The elements of a stored value, if it is one and can be read. */
  readonly constant: (name: string | undefined) => TensorData | undefined;
  /** What is known about a value's type, shape and elements. */
  readonly inferred: (name: string | undefined) => Inferred;
  /** A node with what is known about its inputs. */
  readonly call: (node: OnnxNode) => Call;
  /** A new stored value; its name, which begins with `hint`. */
  readonly addConstant: (hint: string, data: TensorData) => string;
  /** Gives a stored value other elements. */
  readonly setConstant: (name: string, data: TensorData) => void;
  /** Stores the values that a node makes and removes the node. */
  readonly settle: (node: OnnxNode, results: readonly (TensorData | OnnxTensor | undefined)[]) => void;
  /** Replaces a node, which must not be changed itself: copy it. Nodes that only the old one needed go too. */
  readonly replace: (node: OnnxNode, ...by: readonly OnnxNode[]) => void;
  /** Puts nodes before all others. */
  readonly prepend: (...added: readonly OnnxNode[]) => void;
  /**
   * Removes a node that changes nothing: its readers read `source` instead. False where that is not possible.
   */
  readonly bypass: (node: OnnxNode, source: string) => boolean;
  /** A name that no value has. */
  readonly fresh: (hint: string) => string;
  /** Adds a stored value from another graph, such as a branch. */
  readonly adopt: (tensor: OnnxTensor) => void;
  /** Replaces what is known about values, after the nodes have changed. */
  readonly learn: (inferred: ReadonlyMap<string, Inferred>) => void;
  /** The graph as it is now: nodes and stored values. */
  readonly finish: () => Pick<OnnxGraph, 'node' | 'initializer'>;
}

/**
 * Opens a graph for rewriting. Its messages stay as they are: nodes are copied before their inputs change. Its nodes call
 * ONNX's own domain by the short one of its two names.
 */
export function openDraft(model: OnnxModel, keep: readonly string[]): Draft {
  const { graph } = model;
  let nodes = graph.node.map(withShortDomain);
  const live = new Set(nodes);
  let edits = 0;
  let known: ReadonlyMap<string, Inferred> = new Map();
  const taken = takenNames(graph);
  const stored = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  const elements = new Map<string, TensorData | undefined>();
  const makers = new Map<string, OnnxNode>();
  const readers = new Map<string, Set<OnnxNode>>();
  const innerReads = new Map<string, number>();
  const results = new Set([...graph.output.map(({ name }) => name), ...keep]);
  for (const node of nodes) link(node, 1);

  function link(node: OnnxNode, by: 1 | -1): void {
    for (const name of node.output) {
      if (name === '') continue;
      if (by === 1) makers.set(name, node);
      else if (makers.get(name) === node) makers.delete(name);
    }
    const own = new Set(node.input);
    for (const name of readsOf(node)) {
      const set = readers.get(name) ?? new Set();
      readers.set(name, set);
      if (by === 1) set.add(node);
      else set.delete(node);
      if (!own.has(name)) innerReads.set(name, (innerReads.get(name) ?? 0) + by);
    }
    if (node.attribute.some(({ g, graphs }) => g !== undefined || graphs.length > 0)) {
      // A value may be both an input and read inside.
      for (const name of own) if (name !== '') innerReads.set(name, (innerReads.get(name) ?? 0) + by);
    }
  }

  const isResult = (name: string) => results.has(name);
  const isPinned = (name: string) => results.has(name) || (innerReads.get(name) ?? 0) > 0;
  const readersOf = (name: string) => readers.get(name) ?? NOBODY;

  function exchange(node: OnnxNode, by: readonly OnnxNode[]): void {
    link(node, -1);
    live.delete(node);
    insert(nodes.indexOf(node), 1, by);
  }

  function insert(at: number, instead: number, added: readonly OnnxNode[]): void {
    nodes.splice(at, instead, ...added);
    for (const one of added) {
      link(one, 1);
      live.add(one);
    }
    edits += 1;
  }

  /** Removes the makers of values that are no longer read. */
  function sweep(names: Iterable<string>): void {
    const open = [...names];
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      const maker = makers.get(name);
      if (maker === undefined) continue;
      if (maker.output.some((one) => one !== '' && (isPinned(one) || readersOf(one).size > 0))) continue;
      const reads = readsOf(maker);
      nodes = nodes.filter((one) => one !== maker);
      live.delete(maker);
      link(maker, -1);
      for (const read of reads) open.push(read);
    }
  }

  const fresh = (hint: string) => freshName(taken, hint);

  function renameReads(from: string, to: string): void {
    for (const reader of [...readersOf(from)]) {
      const input = reader.input.map((name) => (name === from ? to : name));
      exchange(reader, [Object.assign(copyOf(reader), { input })]);
    }
  }

  function storedAs(name: string | undefined): OnnxTensor | undefined {
    if (name === undefined) return undefined;
    const maker = makers.get(name);
    return stored.get(name) ?? (maker && constantIn(maker));
  }

  function constant(name: string | undefined): TensorData | undefined {
    if (name === undefined) return undefined;
    const tensor = elements.has(name) ? undefined : storedAs(name);
    if (tensor !== undefined) elements.set(name, readable(tensor));
    return elements.get(name);
  }

  function setConstant(name: string, { dtype, shape, data }: TensorData): void {
    const maker = makers.get(name);
    if (maker !== undefined) exchange(maker, []);
    stored.set(name, storedData(name, dtype, shape, data));
    elements.delete(name);
  }

  return {
    opset: Number(model.opsetImport.find(({ domain }) => domainOf(domain) === '')?.version ?? 1),
    edits: () => edits,
    nodes: () => alive([...nodes], live),
    maker: (name) => makers.get(name),
    readers: readersOf,
    isPinned,
    isResult,
    isReadOnce: (name) => !isPinned(name) && readersOf(name).size === 1,
    stored: storedAs,
    constant,
    inferred: (name) => (name === undefined ? UNKNOWN : (known.get(name) ?? UNKNOWN)),
    call: (node) => ({
      node,
      inputs: node.input.map((name) => (name === '' ? undefined : (known.get(name) ?? UNKNOWN))),
      opset: Number(model.opsetImport.find(({ domain }) => domainOf(domain) === domainOf(node.domain))?.version ?? 1),
    }),
    addConstant: (hint, data) => {
      const name = fresh(hint);
      setConstant(name, data);
      return name;
    },
    setConstant,
    settle: (node, values) => {
      const reads = readsOf(node);
      exchange(node, []);
      for (const [i, value] of values.entries()) {
        const name = node.output[i] ?? '';
        if (name === '' || value === undefined) continue;
        if (!('dims' in value)) setConstant(name, value);
        else stored.set(name, Object.assign(copyOf(value), { name }));
      }
      sweep(reads);
    },
    replace: (node, ...by) => {
      const reads = readsOf(node);
      exchange(node, by);
      sweep(reads);
    },
    prepend: (...added) => insert(0, 0, added),
    bypass: (node, source) => {
      const [output = ''] = node.output;
      if (isPinned(output)) {
        // The name must live on, so the source takes it over, unless the source's own name is needed too.
        const maker = makers.get(source);
        if (maker === undefined || isPinned(source)) return false;
        exchange(node, []);
        const outputs = maker.output.map((name) => (name === source ? output : name));
        exchange(maker, [Object.assign(copyOf(maker), { output: outputs })]);
        renameReads(source, output);
        return true;
      }
      const reads = readsOf(node);
      exchange(node, []);
      renameReads(output, source);
      sweep(reads);
      return true;
    },
    fresh,
    adopt: (tensor) => {
      stored.set(tensor.name, tensor);
      taken.add(tensor.name);
    },
    learn: (inferred) => {
      known = inferred;
    },
    finish: () => ({ node: nodes, initializer: [...stored.values()] }),
  };
}

function withShortDomain(node: OnnxNode): OnnxNode {
  const domain = domainOf(node.domain);
  return domain === node.domain ? node : Object.assign(copyOf(node), { domain });
}

function* alive(nodes: readonly OnnxNode[], live: ReadonlySet<OnnxNode>): Iterable<OnnxNode> {
  for (const node of nodes) if (live.has(node)) yield node;
}

const NOBODY: ReadonlySet<OnnxNode> = new Set();

function readable(tensor: OnnxTensor): TensorData | undefined {
  try {
    return dataOf(tensor);
  } catch {
    // Strings, packed types, or elements in another file: the value stays as it is.
    return undefined;
  }
}
