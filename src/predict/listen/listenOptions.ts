import { LimbeckError } from '../../core/errors.ts';
import { invalidOption } from '../../core/options.ts';
import {
  count,
  fraction,
  given,
  nested,
  notNegative,
  type OptionsOf,
  oneOf,
  positive,
  schema,
  text,
} from '../../core/schema.ts';
import { formatShape } from '../../core/shape.ts';
import { LOG_MEL, readLogMel } from '../../core/sound/logMelOptions.ts';
import { checkSampleRate } from '../../core/sound/sampleRate.ts';
import type { LoadedStudent } from '../loadedStudent.ts';

export const DETECT = schema('detect', {
  /** Samples per second that the student reads. Default 16,000. */
  sampleRate: given<number>(checkSampleRate, 16_000),
  /** The spectrograms that the student reads, as `spectrograms` made them for it; `edges` must be 'none'. Default: it reads samples. */
  logMel: nested(LOG_MEL),
  /** How its spectrograms lie: B, T (frames), F (bands). Default 'btf1'. */
  layout: oneOf('btf', 'btf1', 'b1tf')('btf1'),
  /** From one window to the next. Default 0.1. */
  hopSeconds: positive(0.1),
  /** The class that is listened for. Default 1. */
  label: count(0)(1),
  /** Which output of the student tells the classes. A single number is the logit of the one class. Default 'logits'. */
  output: text('logits'),
  /** A word is heard where the mean probability of the last windows reaches it. Default 0.5. */
  threshold: fraction(0.5),
  /** How many windows that mean is of. Default 3. */
  smoothing: count()(3),
  /** After a word was heard, nothing is for so long. Default 1. */
  refractorySeconds: notNegative(1),
});

/** What a student listens for, and when it has heard it. */
export interface DetectOptions extends OptionsOf<typeof DETECT> {}

/** Everything in numbers of samples, frames and windows. */
export interface Detector {
  readonly sampleRate: number;
  readonly input: string;
  /** Of one window, without the batch. */
  readonly shape: readonly number[];
  readonly windowSamples: number;
  readonly hopSamples: number;
  readonly logMel: ReturnType<typeof readLogMel> | undefined;
  readonly label: number;
  readonly output: string;
  readonly threshold: number;
  readonly smoothing: number;
  readonly refractoryWindows: number;
}

/**
 * Throws    invalid-option: options that do not go together, such as spectrograms whose frames depend on where a sound ends ·
 *           shape-mismatch: the student reads other windows
 */
export function readDetector(student: LoadedStudent, options: DetectOptions): Detector {
  const read = DETECT.read(options);
  const { sampleRate, hopSeconds, refractorySeconds } = read;
  const logMel = options.logMel && readLogMel(options.logMel);
  if (logMel !== undefined) checkStreams(logMel, sampleRate);
  const hopSamples = Math.max(1, Math.round(hopSeconds * sampleRate));
  if (logMel !== undefined && hopSamples % logMel.hopSamples !== 0) {
    throw invalidOption(
      'hopSeconds',
      hopSeconds,
      `a multiple of the hop of the spectrogram, ${logMel.hopSamples / sampleRate} seconds`,
    );
  }
  const [input, shape] = onlyInput(student);
  return {
    ...{ sampleRate, input, shape, hopSamples, logMel },
    windowSamples: windowOf(shape, logMel, read.layout),
    label: read.label,
    output: read.output,
    threshold: read.threshold,
    smoothing: read.smoothing,
    refractoryWindows: Math.ceil((refractorySeconds * sampleRate) / hopSamples),
  };
}

function checkStreams(logMel: ReturnType<typeof readLogMel>, sampleRate: number): void {
  const wrong = [
    logMel.edges !== 'none' && `"edges" is '${logMel.edges}'`,
    logMel.lastFrame !== 'kept' && `"lastFrame" is '${logMel.lastFrame}'`,
    logMel.dynamicRange !== undefined && '"dynamicRange" is given',
  ].filter(Boolean);
  if (wrong.length > 0) {
    throw new LimbeckError(
      'invalid-option',
      `A stream has no end, so a frame of its spectrogram may depend on its own samples only; in "logMel" ${wrong.join(', ')}. ` +
        "Distil the student on spectrograms with edges: 'none' and without these.",
      { details: { wrong } },
    );
  }
  if (logMel.sampleRate !== sampleRate)
    throw invalidOption('logMel.sampleRate', logMel.sampleRate, `"sampleRate", ${sampleRate}`);
}

function onlyInput({ description: { name, inputs } }: LoadedStudent): [string, number[]] {
  const [[input, [, ...shape]] = ['', []], ...others] = Object.entries(inputs);
  if (others.length === 0 && shape.length > 0 && shape.every((one) => one !== null)) return [input, shape as number[]];
  const had = Object.entries(inputs).map(([one, its]) => `"${one}" ${formatShape(its)}`);
  throw new LimbeckError(
    'shape-mismatch',
    `The student "${name}" has the inputs ${had.join(', ')}; to listen it needs one whose window has a known length.`,
    { details: { inputs } },
  );
}

function windowOf(shape: readonly number[], logMel: Detector['logMel'], layout: string): number {
  if (logMel === undefined) {
    if (shape.length === 1) return shape[0] as number;
    throw new LimbeckError(
      'shape-mismatch',
      `The student reads ${formatShape([null, ...shape])}, which are no samples. Say with "logMel" which spectrograms they are.`,
      { details: { shape } },
    );
  }
  const [frames = 0, bands] = layout === 'b1tf' ? shape.slice(1) : shape;
  const isOne = layout === 'btf1' ? shape[2] === 1 : layout === 'b1tf' ? shape[0] === 1 : true;
  if (isOne && shape.length === (layout === 'btf' ? 2 : 3) && bands === logMel.bands) {
    return logMel.windowSamples + (frames - 1) * logMel.hopSamples;
  }
  throw new LimbeckError(
    'shape-mismatch',
    `The student reads ${formatShape([null, ...shape])}; "logMel" gives ${logMel.bands} bands as '${layout}'. ` +
      'Give the options with which its spectrograms were made.',
    { details: { shape, bands: logMel.bands, layout } },
  );
}
