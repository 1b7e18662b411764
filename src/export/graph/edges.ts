import type { LayerConfig } from './layerConfig.ts';

/** Amounts at the start and end of both axes, from n, [n, m] or [[a, b], [c, d]]. */
export function edgesOf(config: LayerConfig, key: string, otherwise: number): [number, number][] {
  const value = (config[key] ?? otherwise) as number | (number | [number, number])[];
  const both = typeof value === 'number' ? [value, value] : value;
  return both.map((edge) => (typeof edge === 'number' ? [edge, edge] : edge));
}
