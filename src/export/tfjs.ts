import { count, type OptionsOf, oneOf, schema } from '../core/schema.ts';
import { artifactsFrom, type StudentSource } from '../student/artifacts.ts';
import { modelJson } from '../student/files/files.ts';
import { type ShortDtype, shortenFloats } from '../student/files/quantizedWeights.ts';
import { joinWeights, splitWeights, type WeightBytes } from '../student/weightBytes.ts';

const OPTIONS = schema('toTfjs', {
  /**
   * Shortens the weights in the files to a half ('float16', 'uint16') or a quarter ('uint8'). Loading converts them back to
   * floats, which saves download, not time. Default 'none'.
   */
  quantize: oneOf('none', 'float16', 'uint8', 'uint16')('none'),
  /** The most bytes of one file of weights. Default: all in one file. */
  shardBytes: count()(),
});

/** How the files hold the weights. */
export interface TfjsOptions extends OptionsOf<typeof OPTIONS> {}

/** model.json and its files of weights, by name. */
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
  const { quantize, shardBytes } = OPTIONS.read(options);
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
