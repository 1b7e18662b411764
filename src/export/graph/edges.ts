import type { LayerConfig } from './layerConfig.ts';

/** How much at the start and the end of both axes: n, [n, m] or [[a, b], [c, d]]. */
export function edgesOf(config: LayerConfig, key: string, otherwise: number): [number, number][] {
  const value = (config[key] ?? otherwise) as number | (number | [number, number])[];
  const both = typeof value === 'number' ? [value, value] : value;
  return both.map((edge) => (typeof edge === 'number' ? [edge, edge] : edge));
}
