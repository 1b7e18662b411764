import { LimbeckError } from '../core/errors.ts';
import { checkCount, invalidOption } from '../core/options.ts';
import { count, given, type OptionsOf, oneOf, positive, schema } from '../core/schema.ts';
import { makeResampler } from '../core/sound/resample.ts';
import { checkSampleRate } from '../core/sound/sampleRate.ts';
import { isTagged } from '../core/tags.ts';
import { takeTurns } from '../core/turns.ts';
import { type Dataset, DEFAULT_INPUT, type LabelledDataset } from './dataset.ts';
import { makeDecoded } from './decoded.ts';
import { makeDataset } from './makeDataset.ts';
import { type AudioLike, inMemory, lengthOf, openSound, type Sound } from './openSound.ts';

const OPTIONS = schema('fromAudio', {
  /** Samples per second of every example; sounds are resampled to it. Default 16,000. */
  sampleRate: given<number>(checkSampleRate, 16_000),
  /** Length of every example: longer sounds are cut at their end, silence follows shorter ones. Give this or `samples`. */
  seconds: positive(),
  /** The same in samples. */
  samples: count()(),
  /**
   * Every sound gives windows of that length, one each so many seconds, with the sound's label. For sounds whose length is known
   * at once: decode files with `decodeAudio` first. Default: one example of each sound, from its start.
   */
  hopSeconds: positive(),
  /** The same in samples. */
  hopSamples: count()(),
  /** What remains behind the last whole window: a window with silence at its end, or nothing. Sounds shorter than a window are padded either way. Default 'dropped'. */
  rest: oneOf('dropped', 'padded')('dropped'),
  /**
   * Most bytes of decoded files to keep during a run, 4 per sample. A file that fits is decoded once, any other at every
   * read. 0 keeps none. Default 256e6: more than an hour at 16 kHz.
   */
  decodedMemoryBytes: count(0)(256e6),
});

/** What every sound becomes. */
export interface AudioOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * A dataset from sounds, or from windows of them. WAV files of plain samples are read the same way everywhere. The browser
 * decodes other files, which works in a page but not in a worker.
 * Shapes    N sounds → input [N, samples], or [windows of all sounds, samples]: one channel, the mean of all
 * Units     floats −1…1
 * Throws    audio-unreadable: a sound without samples, or a blob that does not decode · invalid-option · shape-mismatch
 *
 * @example
 * const sound = await (await fetch('/sounds/one.wav')).blob();
 * const data = fromAudio([sound], { seconds: 2 });
 */
export function fromAudio(sounds: readonly AudioLike[], options: AudioOptions): Dataset;
export function fromAudio(
  sounds: readonly AudioLike[],
  options: AudioOptions,
  labels: ArrayLike<number>,
): LabelledDataset;
export function fromAudio(sounds: readonly AudioLike[], options: AudioOptions, labels?: ArrayLike<number>): Dataset {
  const { sampleRate, length, decodedMemoryBytes, ...windows } = readOptions(options);
  for (let i = 0; i < sounds.length; i++) checkHasSamples(sounds[i] as AudioLike, i);
  const isWindowed = windows.hop !== undefined;
  const places = isWindowed ? windowsOf(sounds, sampleRate, length, windows as Windows) : undefined;
  const decoded = makeDecoded<Float32Array>(decodedMemoryBytes, 4 * length);
  const resamplerFrom = memoize((from: number) => makeResampler(from, sampleRate));
  // Windows overlap, and mixing channels costs as much as the whole sound each time.
  const mixed = memoize((index: number): Sound => {
    const sound = inMemory(sounds[index] as Exclude<AudioLike, Blob>, sampleRate);
    const samples = sound.readMono(Number.POSITIVE_INFINITY);
    return { sampleRate: sound.sampleRate, readMono: (count) => samples.subarray(0, count) };
  });
  const readInputs = async (indices: Int32Array, signal?: AbortSignal) => {
    const data = new Float32Array(indices.length * length);
    const turn = takeTurns(signal);
    for (let i = 0; i < indices.length; i++) {
      await turn();
      const { index, from } = places?.[indices[i] as number] ?? { index: indices[i] as number, from: 0 };
      const out = data.subarray(i * length, (i + 1) * length);
      const known = decoded.get(index);
      if (known !== undefined) {
        out.set(known);
        continue;
      }
      const sound = isWindowed ? mixed(index) : await openSound(sounds[index] as AudioLike, index, sampleRate);
      const resampler = resamplerFrom(sound.sampleRate);
      const source = sound.readMono(resampler.sourceLength(from + length));
      const count = Math.min(resampler.resultLength(source.length) - from, length);
      for (let first = 0; first < count; first += PIECE_SAMPLES) {
        const last = Math.min(first + PIECE_SAMPLES, count);
        resampler.resample(source, from + first, from + last, out, first);
        await turn();
      }
      if (isTagged(sounds[index], 'Blob')) decoded.keep(index, out.slice());
    }
    return { [DEFAULT_INPUT]: { data, shape: [indices.length, length] } };
  };
  const inputs = { [DEFAULT_INPUT]: { shape: [length], dtype: 'float32' as const } };
  const [size, noun] = places ? [places.length, 'windows'] : [sounds.length, 'sounds'];
  const parts = { size, noun, inputs, readInputs, holdDecoded: decoded.hold };
  if (places === undefined || labels === undefined) return makeDataset(parts, labels);
  if (labels.length !== sounds.length) {
    throw new LimbeckError('shape-mismatch', `There are ${sounds.length} sounds and ${labels.length} labels.`);
  }
  return makeDataset(
    parts,
    Int32Array.from(places, ({ index }) => labels[index] as number),
  );
}

/** About a millisecond's work. */
const PIECE_SAMPLES = 16_384;

interface Windows {
  /** In samples of the examples. */
  readonly hop: number;
  readonly rest: 'dropped' | 'padded';
}

/** A window of a sound, in samples of the examples. */
interface Place {
  readonly index: number;
  readonly from: number;
}

function windowsOf(
  sounds: readonly AudioLike[],
  sampleRate: number,
  length: number,
  { hop, rest }: Windows,
): readonly Place[] {
  return sounds.flatMap((sound, index) => {
    if (isTagged(sound, 'Blob')) {
      throw new LimbeckError(
        'invalid-option',
        `Sound ${index} is a file, whose length is not known before it is decoded, so that no windows can be counted. ` +
          'Give what decodeAudio(file) returns instead.',
        { details: { index } },
      );
    }
    const from = 'sampleRate' in sound ? sound.sampleRate : sampleRate;
    const beyond = makeResampler(from, sampleRate).resultLength(lengthOf(sound)) - length;
    const count = 1 + Math.max(0, rest === 'padded' ? Math.ceil(beyond / hop) : Math.floor(beyond / hop));
    return Array.from({ length: count }, (_, i) => ({ index, from: i * hop }));
  });
}

function readOptions(options: AudioOptions) {
  const { sampleRate, seconds, samples, hopSeconds, hopSamples, rest, decodedMemoryBytes } = OPTIONS.read(options);
  if ((seconds === undefined) === (samples === undefined)) {
    throw new LimbeckError(
      'invalid-option',
      'All examples of a dataset have the same length. Give it as "seconds" or as "samples", not both.',
    );
  }
  if (hopSeconds !== undefined && hopSamples !== undefined) {
    throw invalidOption('hopSamples', hopSamples, 'left out where "hopSeconds" is given');
  }
  const inSamples = (given: number, name: string) => checkCount(Math.round(given * sampleRate), `${name} · sampleRate`);
  const length = samples ?? inSamples(seconds as number, 'seconds');
  const hop = hopSeconds === undefined ? hopSamples : inSamples(hopSeconds, 'hopSeconds');
  return { sampleRate, length, hop, rest, decodedMemoryBytes };
}

function checkHasSamples(sound: AudioLike, index: number): void {
  if ('sampleRate' in sound) checkSampleRate(sound.sampleRate, 'sampleRate');
  if (isTagged(sound, 'Blob') ? sound.size > 0 : lengthOf(sound) > 0) return;
  throw new LimbeckError('audio-unreadable', `Sound ${index} holds nothing. Leave it out.`, { details: { index } });
}

function memoize<K, V>(make: (key: K) => V): (key: K) => V {
  const made = new Map<K, V>();
  return (key) => {
    const value = made.get(key) ?? make(key);
    made.set(key, value);
    return value;
  };
}
