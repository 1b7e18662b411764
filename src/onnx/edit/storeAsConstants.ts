import type { OnnxModel } from '../model.ts';

/**
 * Takes the stored weights out of a model's inputs, in place, so that nobody can feed them. Version 4 of the format allows
 * this; before it, all of them had to be among the inputs.
 */
export function storeAsConstants(model: OnnxModel): void {
  const { graph } = model;
  if (model.irVersion < 4n) model.irVersion = 4n;
  const stored = new Set(graph.initializer.map(({ name }) => name));
  graph.input = graph.input.filter(({ name }) => !stored.has(name));
}
