import { checkOneOf } from '../../core/options.ts';
import { count, given, nested, type OptionsOf, oneOf, type Read, required, schema } from '../../core/schema.ts';
import { LOG_MEL, readLogMel } from '../../core/sound/logMelOptions.ts';
import { MEL_LAYOUTS, type MelLayout } from '../../core/sound/toSpectrograms.ts';

type Layout = 'bt' | 'b1t' | MelLayout;

const OPTIONS = schema('input', {
  /** Tells sounds from images. */
  kind: required(oneOf('audio')()),
  /** Samples of every sound: longer ones are cut at their end, zeros follow shorter ones. Default: as many as there are. */
  samples: count()(),
  /** What full scale is; 32,768 for models that take 16-bit integers, as floats mostly. Default 1. */
  range: oneOf(1, 32768)(1),
  /** Brings each sound, as long as the dataset gives it, to a mean of 0 and a deviation of 1. Default 'no'. */
  standardised: oneOf('no', 'yes')('no'),
  /** Log-mel spectrograms instead of samples. */
  logMel: nested(LOG_MEL),
  /**
   * Which dimensions the model takes: B, T (samples, or frames) and F (mel bands), with a 1 where it has a dimension of
   * one. Samples: 'bt' or 'b1t'. Spectrograms: 'bft', 'btf', 'b1ft', 'b1tf' or 'btf1'. Default: 'bt', or 'bft' of spectrograms.
   */
  layout: given<Layout>(),
});

/** How sounds become what a model of sound reads. Plain values: the work is done on the teacher's own thread. */
export interface AudioInput extends OptionsOf<typeof OPTIONS> {}

/** Throws    invalid-option: an unknown option, or one that describes no sound */
export function readAudioInput(options: AudioInput): Read<typeof OPTIONS> & { readonly layout: Layout } {
  const read = OPTIONS.read(options);
  const { logMel, layout = logMel === undefined ? 'bt' : 'bft' } = read;
  checkOneOf<string>(layout, 'layout', logMel === undefined ? ['bt', 'b1t'] : MEL_LAYOUTS);
  if (options.logMel !== undefined) readLogMel(options.logMel);
  return { ...read, layout };
}
