import type { OnnxGraph, OnnxNode } from '../model.ts';
import { graphsOf } from '../references.ts';
import { type Broken, quoted } from './broken.ts';

/** An operator that a model defines itself, from others. */
export interface OnnxFunction {
  name: string;
  domain: string;
  overload: string;
  input: string[];
  output: string[];
  node: OnnxNode[];
  opsetImport: { domain: string; version: bigint }[];
}

/** Functions may call functions, as modules hold modules; no model holds them deeper. */
const MOST_CALLS_DEEP = 64;
/** onnxruntime puts a function's nodes where it is called, at some 0.3 ms each. */
const MOST_NODES = 65_536;

/**
 * Checks that the functions of a model end: none calls itself, and together they do not grow beyond what can be opened.
 * Throws    invalid-onnx
 */
export function checkFunctions(graph: OnnxGraph, functions: readonly OnnxFunction[], broken: Broken): void {
  if (functions.length === 0) return;
  const byKey = new Map<string, OnnxFunction>();
  for (const fn of functions) {
    if (fn.name === '') throw broken('it has a function without a name.');
    const key = keyOf(fn.domain, fn.name, fn.overload);
    if (byKey.has(key)) throw broken(`it has two functions ${quoted(fn.name)}.`);
    byKey.set(key, fn);
  }
  const sizes = new Map<OnnxFunction, number>();
  const open = new Set<OnnxFunction>();

  function sizeOf(fn: OnnxFunction): number {
    const known = sizes.get(fn);
    if (known !== undefined) return known;
    if (open.has(fn)) throw broken(`its function ${quoted(fn.name)} calls itself.`, { function: fn.name });
    if (open.size >= MOST_CALLS_DEEP) throw broken(`its functions call each other more than ${MOST_CALLS_DEEP} deep.`);
    open.add(fn);
    const size = sizeOfNodes(fn.node);
    open.delete(fn);
    sizes.set(fn, size);
    return size;
  }

  function sizeOfNodes(nodes: readonly OnnxNode[]): number {
    let size = 0;
    for (const node of nodes) {
      const { domain, opType, overload = '' } = node as OnnxNode & { overload?: string };
      const fn = byKey.get(keyOf(domain, opType, overload));
      size += fn === undefined ? 1 : sizeOf(fn);
      for (const graph of graphsOf(node)) size += sizeOfNodes(graph.node);
    }
    return size;
  }

  for (const fn of functions) sizeOf(fn);
  const calls = sizeOfNodes(graph.node);
  if (calls <= MOST_NODES || calls <= 2 * written(graph, functions)) return;
  throw broken(
    `its functions, written out where they are called, come to ${calls} nodes; ${MOST_NODES} can be opened.`,
  );
}

/** Nodes as they stand in the file, at the top of graph and functions. */
function written(graph: OnnxGraph, functions: readonly OnnxFunction[]): number {
  return functions.reduce((sum, fn) => sum + fn.node.length, graph.node.length);
}

function keyOf(domain: string, name: string, overload: string): string {
  return `${domain === 'ai.onnx' ? '' : domain}\n${name}\n${overload}`;
}
