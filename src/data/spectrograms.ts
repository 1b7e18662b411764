import { LimbeckError } from '../core/errors.ts';
import { type OptionsOf, oneOf, schema, text } from '../core/schema.ts';
import { formatShape, type NdArray } from '../core/shape.ts';
import { makeLogMel } from '../core/sound/logMel.ts';
import { LOG_MEL, type LogMelOptions, readLogMel } from '../core/sound/logMelOptions.ts';
import { MEL_LAYOUTS, melShape, toSpectrograms } from '../core/sound/toSpectrograms.ts';
import { takeTurns } from '../core/turns.ts';
import { type Dataset, DEFAULT_INPUT, type LabelledDataset } from './dataset.ts';
import { givesFresh } from './fresh.ts';

const OPTIONS = schema('spectrograms', {
  ...LOG_MEL.fields,
  /** Dimensions: B, T (frames) and F (mel bands), with a 1 where the student has a dimension of one. Default 'btf1', which dsCnn reads. */
  layout: oneOf(...MEL_LAYOUTS)('btf1'),
  /** Which input holds the sounds. Default 'input'. */
  input: text(DEFAULT_INPUT),
});

/** Which spectrograms, and how they lie. */
export interface SpectrogramsOptions extends LogMelOptions, OptionsOf<typeof OPTIONS> {}

/**
 * The same dataset with log-mel spectrograms in place of sounds, for a student that reads them; `teacherData` gives the teacher the
 * sounds. With `edges: 'none'`, `listen` computes the same of a stream.
 * Shapes    input [N, samples] → [N, frames, bands, 1], or as `layout` says
 * Units     floats −1…1 in; logarithms of power out
 * Throws    invalid-option · shape-mismatch: no sounds, or too short for a frame
 *
 * @example
 * const words = fromAudio([new Float32Array(16_000)], { seconds: 1 });
 * const heard = spectrograms(words, { bands: 40, edges: 'none', mean: -4, stdDev: 2 });
 */
export function spectrograms<D extends Dataset | LabelledDataset>(dataset: D, options: SpectrogramsOptions = {}): D {
  const { layout, input, ...logMel } = OPTIONS.read(options);
  readLogMel(logMel as LogMelOptions);
  const spec = dataset.inputs[input];
  if (spec?.shape.length !== 1 || spec.dtype !== 'float32') {
    const had = Object.entries(dataset.inputs).map(
      ([name, { shape, dtype }]) => `"${name}" ${formatShape(shape)} ${dtype}`,
    );
    throw new LimbeckError(
      'shape-mismatch',
      `spectrograms needs sounds in the input "${input}": floats [samples], as fromAudio gives. The data has ${had.join(', ')}.`,
      { details: { input, inputs: had } },
    );
  }
  const mel = makeLogMel(spec.shape[0] as number, logMel as LogMelOptions);
  const read = async (indices: Int32Array, signal?: AbortSignal) => {
    const { inputs, ...rest } = await dataset.read(indices, signal);
    const { data, shape } = inputs[input] as NdArray;
    const [count = 0, samples = 0] = shape;
    const inner = melShape(mel, layout);
    const out = new Float32Array(count * mel.frames * mel.bands);
    const turn = takeTurns(signal);
    for (let i = 0; i < count; i++) {
      await turn();
      const one = { data: data.subarray(i * samples, (i + 1) * samples), shape: [1, samples] };
      out.set(toSpectrograms(one, mel, layout).data, i * mel.frames * mel.bands);
    }
    return { ...rest, inputs: { ...inputs, [input]: { data: out, shape: [count, ...inner] } } };
  };
  const inputs = { ...dataset.inputs, [input]: { shape: melShape(mel, layout), dtype: 'float32' as const } };
  return { ...dataset, inputs, read: givesFresh(read, dataset) };
}
