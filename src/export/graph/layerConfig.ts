import { LimbeckError } from '../../core/errors.ts';

/** A layer's config from the topology, with keys in camelCase: `{ useBias: true, kernelSize: [3, 3] }`. */
export type LayerConfig = Readonly<Record<string, unknown>>;

/** A layer inside the config of another (TimeDistributed, Bidirectional). */
export interface LayerDefinition {
  readonly className: string;
  readonly config: LayerConfig;
}

/** kernel_size → kernelSize; camelCase stays. */
export function camelCase(name: string): string {
  return name.replace(/(?<=[A-Za-z0-9])_+([a-zA-Z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** Keys in camelCase, at any depth. */
export function camelKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [camelCase(key), camelKeys(inner)]));
}

/** A number of the config; `otherwise` where it is not there or null. Throws    student-invalid */
export function numberOf(config: LayerConfig, key: string, otherwise?: number): number {
  const value = config[key] ?? otherwise;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw unreadable(config, key, 'a number');
}

export function flagOf(config: LayerConfig, key: string, otherwise: boolean): boolean {
  const value = config[key] ?? otherwise;
  if (typeof value === 'boolean') return value;
  throw unreadable(config, key, 'true or false');
}

/** A word of the config, in camelCase: "channels_first" reads "channelsFirst". */
export function textOf(config: LayerConfig, key: string, otherwise: string): string {
  const value = config[key] ?? otherwise;
  if (typeof value === 'string') return camelCase(value);
  throw unreadable(config, key, 'a word');
}

/** One length per axis; a single number applies to each. */
export function lengthsOf(config: LayerConfig, key: string, rank: number, otherwise?: number): number[] {
  const value = config[key] ?? otherwise;
  const lengths = typeof value === 'number' ? Array.from({ length: rank }, () => value) : value;
  const isRead = Array.isArray(lengths) && lengths.length === rank && lengths.every((one) => Number.isInteger(one));
  if (isRead) return lengths as number[];
  throw unreadable(config, key, `a whole number or ${rank} of them`);
}

/** The definition of a wrapped layer. */
export function definitionOf(config: LayerConfig, key: string): LayerDefinition {
  const value = config[key] as Partial<LayerDefinition> | undefined;
  if (typeof value?.className === 'string' && typeof value.config === 'object') return value as LayerDefinition;
  throw unreadable(config, key, 'a layer');
}

function unreadable(config: LayerConfig, key: string, needed: string): LimbeckError {
  return new LimbeckError(
    'student-invalid',
    `The layer "${String(config['name'])}" of the student has ${key} = ${JSON.stringify(config[key])}; it must be ${needed}.`,
    { details: { layer: config['name'], key } },
  );
}
