import { sha256 } from '../../core/hash.ts';
import { artifactsFrom, type StudentSource } from '../artifacts.ts';
import { splitWeights } from '../weightBytes.ts';

/** Fields of a layer that change no answer: how its weights began, and whether they learn. */
const OF_TRAINING = /^(.+_initializer|seed|trainable)$/;
/** Fields of the topology that change no answer: who wrote it, and the model's name, which tfjs renumbers. */
const OF_WRITING: readonly string[] = ['keras_version', 'backend', 'name'];

/**
 * SHA-256 of what a student answers with: its layers and how they are connected, and the names, shapes, types and bits
 * of its weights, in whatever order. Saving and loading keeps it, by limbeck and by `model.save` of tfjs. How weights
 * began, whether they learn, the model's name and the version of tfjs do not count. Layers' names do count, because a
 * patch names weights by them. tfjs renumbers unnamed layers each time a model is made, so name them if code builds the
 * model. A topology written by Keras differs from the one that tfjs writes for the same model.
 * Throws    student-invalid: not a student, or one without weights yet
 */
export async function baseHash(base: StudentSource): Promise<string> {
  const artifacts = await artifactsFrom(base);
  const weights = await Promise.all(
    splitWeights(artifacts).map(async ({ name, shape, dtype, bytes }) => ({
      name,
      shape,
      dtype,
      sha: await sha256(bytes),
    })),
  );
  const lines = weights.map((weight) => canonical(weight)).sort();
  const text = [canonicalTopology(artifacts.modelTopology), ...lines].join('\n');
  return sha256(new TextEncoder().encode(text));
}

/** Topologies with equal text give the same answers with the same weights. */
export function canonicalTopology(topology: object): string {
  // A saved topology holds nothing that JSON cannot, such as undefined.
  const outer = JSON.parse(JSON.stringify(topology)) as Record<string, unknown>;
  const inner = (outer['model_config'] ?? outer) as Record<string, unknown>;
  const { config, ...rest } = without(inner, OF_WRITING);
  const isRecord = typeof config === 'object' && config !== null && !Array.isArray(config);
  return canonical({ ...rest, config: isRecord ? without(config as Record<string, unknown>, ['name']) : config });
}

function without(record: Readonly<Record<string, unknown>>, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => !keys.includes(key)));
}

/** JSON with sorted keys. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const kept = Object.entries(value).filter(([key]) => !OF_TRAINING.test(key));
  const sorted = kept.sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
  return `{${sorted.map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`).join(',')}}`;
}
