import { checkCount, checkKnownOptions, checkOneOf } from '../core/options.ts';
import { artifactsFrom, type StudentSource } from '../student/artifacts.ts';
import { modelJson } from '../student/files/files.ts';
import { type ShortDtype, shortenFloats } from '../student/files/quantizedWeights.ts';
import { joinWeights, splitWeights, type WeightBytes } from '../student/weightBytes.ts';

/** How the weights lie in the files. */
export interface TfjsOptions {
  /**
   * Shortens the weights in the files to a half ('float16', 'uint16') or a quarter ('uint8'); whoever loads them makes
   * floats of them again, so it is download that is saved, not time. Default 'none'.
   */
  readonly quantize?: 'none' | ShortDtype;
  /** The most bytes of one file of weights. Default: all in one file. */
  readonly shardBytes?: number;
}

/** model.json and the files of weights beside it, by their names. */
export type TfjsModelFiles = {
  readonly 'model.json': string;
  readonly [name: `${string}.bin`]: Uint8Array<ArrayBuffer>;
};

/**
 * A student as the files of tfjs's layers format, which plain `tf.loadLayersModel('…/model.json')` loads.
 * Throws    student-invalid · invalid-option
 *
 * @example
 * const files = await toTfjs(student, { quantize: 'float16' });
 * for (const [name, content] of Object.entries(files)) save(name, new Blob([content]));
 */
export async function toTfjs(student: StudentSource, options: TfjsOptions = {}): Promise<TfjsModelFiles> {
  checkKnownOptions(options, ['quantize', 'shardBytes'], 'toTfjs');
  const { quantize = 'none', shardBytes } = options;
  checkOneOf(quantize, 'quantize', ['none', 'float16', 'uint8', 'uint16']);
  if (shardBytes !== undefined) checkCount(shardBytes, 'shardBytes');
  const artifacts = await artifactsFrom(student);
  const stored = splitWeights(artifacts).map((weight) => store(weight, quantize));
  const shards = cut(new Uint8Array(joinWeights(stored.map(({ bytes }) => bytes))), shardBytes);
  const weights = stored.map(({ bytes: _, ...spec }) => spec);
  const paths = shards.map((_, i) =>
    shardBytes === undefined ? 'weights.bin' : `weights-${i + 1}of${shards.length}.bin`,
  );
  return {
    'model.json': modelJson(artifacts.modelTopology, [{ paths, weights }]),
    ...Object.fromEntries(paths.map((path, i) => [path, shards[i] as Uint8Array<ArrayBuffer>])),
  };
}

/** Only floats are shortened. */
function store(weight: WeightBytes, quantize: 'none' | ShortDtype) {
  if (quantize === 'none' || weight.dtype !== 'float32') return weight;
  return { ...weight, ...shortenFloats(new Float32Array(weight.bytes.slice().buffer), quantize) };
}

function cut(bytes: Uint8Array<ArrayBuffer>, shardBytes = bytes.length): Uint8Array<ArrayBuffer>[] {
  const count = Math.max(1, Math.ceil(bytes.length / Math.max(1, shardBytes)));
  return Array.from({ length: count }, (_, i) => bytes.slice(i * shardBytes, (i + 1) * shardBytes));
}
