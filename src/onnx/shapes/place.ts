import type { OnnxNodeDescription } from '../describe/description.ts';
import type { OnnxGraph, OnnxModel, OnnxNode } from '../model.ts';
import type { Cost } from './cost.ts';
import type { Inferred } from './tensor.ts';

/** What the whole walk over a model shares. */
export interface Walk {
  readonly model: OnnxModel;
  /** Numbers that the caller gave for free lengths. */
  readonly dimensions: ReadonlyMap<string, number>;
  readonly opsets: ReadonlyMap<string, number>;
  /** Grows as nodes are met. */
  readonly nodes: OnnxNodeDescription[];
  /** How many nodes of bodies may still be met: a file can make functions call each other without end. */
  readonly budget: { left: number };
  /** Infers a graph whose inputs stand in `place` already. */
  readonly enter: (walk: Walk, graph: OnnxGraph, place: Place) => Outcome;
  /** Infers nodes one after the other. */
  readonly follow: (walk: Walk, nodes: readonly OnnxNode[], place: Place) => Cost;
}

/** Where a walk is: the tensors that can be seen, and the branch or body that they belong to. */
export interface Place {
  readonly tensors: Map<string, Inferred>;
  readonly outer: Place | undefined;
  readonly within: string;
  readonly depth: number;
}

/** What a graph, or the part of it inside a node, gives. */
export interface Outcome {
  readonly outputs: readonly Inferred[];
  readonly cost: Cost;
}

/** A place inside another, from which the outer tensors can be seen. */
export function inside(outer: Place, within: string, isOpen = true): Place {
  const path = outer.within === '' ? within : `${outer.within}/${within}`;
  return { tensors: new Map(), outer: isOpen ? outer : undefined, within: path, depth: outer.depth + 1 };
}

/** A tensor by its name, from the innermost place that has it. */
export function seen(place: Place, name: string): Inferred | undefined {
  for (let at: Place | undefined = place; at !== undefined; at = at.outer) {
    const found = at.tensors.get(name);
    if (found !== undefined) return found;
  }
  return undefined;
}
