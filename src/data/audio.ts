import { LimbeckError, messageOf } from '../core/errors.ts';
import { checkCount } from '../core/options.ts';
import { count, type OptionsOf, positive, schema } from '../core/schema.ts';
import { isTagged } from '../core/tags.ts';
import { takeTurns } from '../core/turns.ts';
import { type Dataset, DEFAULT_INPUT, type LabelledDataset } from './dataset.ts';
import { makeDecoded } from './decoded.ts';
import { makeDataset } from './makeDataset.ts';
import { makeResampler } from './resample.ts';
import { parseWav } from './wav.ts';

/** Samples in −1…1 with their rate. */
export interface Recording {
  readonly samples: Float32Array;
  readonly sampleRate: number;
}

/**
 * Anything that holds one sound. A Blob (or File) is decoded when it is read; a Float32Array has the sample rate of the
 * options.
 */
export type AudioLike = AudioBuffer | Blob | Float32Array | Recording;

const OPTIONS = schema('fromAudio', {
  /** Samples per second of every example; sounds are resampled to it. Default 16,000. */
  sampleRate: count()(16_000),
  /** Length of every example: longer sounds are cut at their end, silence follows shorter ones. Give this or `samples`. */
  seconds: positive(),
  /** The same in samples. */
  samples: count()(),
  /**
   * Most bytes of decoded files to keep during a run, 4 per sample. A file that fits is decoded once, any other at every
   * read. 0 keeps none. Default 256e6: more than an hour at 16 kHz.
   */
  decodedMemoryBytes: count(0)(256e6),
});

/** What every sound becomes. */
export interface AudioOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * A dataset from sounds. WAV files of plain samples are read the same way everywhere. The browser decodes other files, which
 * works in a page but not in a worker.
 * Shapes    N sounds → input [N, samples]: one channel, the mean of all
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
  const { sampleRate, length, decodedMemoryBytes } = readOptions(options);
  for (let i = 0; i < sounds.length; i++) checkHasSamples(sounds[i] as AudioLike, i);
  const decoded = makeDecoded<Float32Array>(decodedMemoryBytes, 4 * length);
  const readInputs = async (indices: Int32Array, signal?: AbortSignal) => {
    const data = new Float32Array(indices.length * length);
    const turn = takeTurns(signal);
    const resamplerFrom = memoize((from: number) => makeResampler(from, sampleRate));
    for (let i = 0; i < indices.length; i++) {
      await turn();
      const index = indices[i] as number;
      const out = data.subarray(i * length, (i + 1) * length);
      const known = decoded.get(index);
      if (known !== undefined) {
        out.set(known);
        continue;
      }
      const sound = await openSound(sounds[index] as AudioLike, index, sampleRate);
      const resampler = resamplerFrom(sound.sampleRate);
      const source = sound.readMono(resampler.sourceLength(length));
      const count = Math.min(resampler.resultLength(source.length), length);
      for (let first = 0; first < count; first += PIECE_SAMPLES) {
        resampler.resample(source, first, Math.min(first + PIECE_SAMPLES, count), out);
        await turn();
      }
      if (isTagged(sounds[index], 'Blob')) decoded.keep(index, out.slice());
    }
    return { [DEFAULT_INPUT]: { data, shape: [indices.length, length] } };
  };
  const inputs = { [DEFAULT_INPUT]: { shape: [length], dtype: 'float32' as const } };
  return makeDataset({ size: sounds.length, noun: 'sounds', inputs, readInputs, holdDecoded: decoded.hold }, labels);
}

/** About a millisecond's work. */
const PIECE_SAMPLES = 16_384;

function readOptions(options: AudioOptions) {
  const { sampleRate, seconds, samples, decodedMemoryBytes } = OPTIONS.read(options);
  if ((seconds === undefined) === (samples === undefined)) {
    throw new LimbeckError(
      'invalid-option',
      'All examples of a dataset have the same length. Give it as "seconds" or as "samples", not both.',
    );
  }
  const length = samples ?? checkCount(Math.round((seconds as number) * sampleRate), 'seconds · sampleRate');
  return { sampleRate, length, decodedMemoryBytes };
}

function checkHasSamples(sound: AudioLike, index: number): void {
  if ('sampleRate' in sound) checkCount(sound.sampleRate, 'sampleRate');
  if (isTagged(sound, 'Blob') ? sound.size > 0 : lengthOf(sound) > 0) return;
  throw new LimbeckError('audio-unreadable', `Sound ${index} holds nothing. Leave it out.`, { details: { index } });
}

function lengthOf(sound: Exclude<AudioLike, Blob>): number {
  return 'samples' in sound ? sound.samples.length : sound.length;
}

/** A sound that can be read from its start. */
interface Sound {
  readonly sampleRate: number;
  readMono(count: number): Float32Array;
}

async function openSound(sound: AudioLike, index: number, sampleRate: number): Promise<Sound> {
  if (isTagged(sound, 'Float32Array')) return ofSamples(sound, sampleRate);
  if (isTagged(sound, 'Blob')) return decode(await sound.arrayBuffer(), index, sampleRate);
  return 'samples' in sound ? ofSamples(sound.samples, sound.sampleRate) : ofBuffer(sound);
}

function ofSamples(samples: Float32Array, sampleRate: number): Sound {
  return { sampleRate, readMono: (count) => samples.subarray(0, count) };
}

function ofBuffer(buffer: AudioBuffer): Sound {
  const channels = Array.from({ length: buffer.numberOfChannels }, (_, c) => buffer.getChannelData(c));
  const readMono = (count: number) => {
    const out = new Float32Array(Math.min(count, buffer.length));
    for (const channel of channels) {
      for (let i = 0; i < out.length; i++) out[i] = (out[i] as number) + (channel[i] as number) / channels.length;
    }
    return out;
  };
  return { sampleRate: buffer.sampleRate, readMono };
}

async function decode(bytes: ArrayBuffer, index: number, sampleRate: number): Promise<Sound> {
  const wav = parseWav(bytes);
  if (wav !== undefined && wav.length > 0) return wav;
  if (typeof OfflineAudioContext === 'undefined') {
    throw unreadable(index, 'only WAV files can be read where there is no OfflineAudioContext, as in a worker');
  }
  try {
    return ofBuffer(await new OfflineAudioContext(1, 1, sampleRate).decodeAudioData(bytes));
  } catch (error) {
    throw unreadable(index, messageOf(error), error);
  }
}

function unreadable(index: number, why: string, cause?: unknown): LimbeckError {
  return new LimbeckError('audio-unreadable', `Sound ${index} could not be decoded: ${why}`, {
    details: { index },
    cause,
  });
}

function memoize<K, V>(make: (key: K) => V): (key: K) => V {
  const made = new Map<K, V>();
  return (key) => {
    const value = made.get(key) ?? make(key);
    made.set(key, value);
    return value;
  };
}
