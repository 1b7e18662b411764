import { LimbeckError, messageOf } from '../core/errors.ts';
import { given, type OptionsOf, schema } from '../core/schema.ts';
import { checkSampleRate } from '../core/sound/sampleRate.ts';
import { isTagged } from '../core/tags.ts';
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

/** A sound that can be read from its start. */
export interface Sound {
  readonly sampleRate: number;
  /** The first `count` samples, as the mean of all channels. */
  readMono(count: number): Float32Array;
}

/** Throws    audio-unreadable: a blob that does not decode */
export async function openSound(sound: AudioLike, index: number, sampleRate: number): Promise<Sound> {
  if (isTagged(sound, 'Blob')) return decode(await sound.arrayBuffer(), index, sampleRate);
  return inMemory(sound, sampleRate);
}

/** A sound whose samples are there. */
export function inMemory(sound: Exclude<AudioLike, Blob>, sampleRate: number): Sound {
  if (isTagged(sound, 'Float32Array')) return ofSamples(sound, sampleRate);
  return 'samples' in sound ? ofSamples(sound.samples, sound.sampleRate) : ofBuffer(sound);
}

export function lengthOf(sound: Exclude<AudioLike, Blob>): number {
  return 'samples' in sound ? sound.samples.length : sound.length;
}

const OPTIONS = schema('decodeAudio', {
  /** Samples per second that the browser decodes files to which are not WAV; WAV files keep their own. Default 16,000. */
  sampleRate: given<number>(checkSampleRate, 16_000),
});

/** How a file of sound is decoded. */
export interface DecodeAudioOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * The samples of a file of sound, as one channel, so that windows can be cut from it: `fromAudio([recording], { hopSeconds })`.
 * Units     floats −1…1
 * Throws    audio-unreadable: a file without samples, or one that does not decode · invalid-option
 *
 * @example
 * const evening = await decodeAudio(await (await fetch('/sounds/one.wav')).blob());
 * const windows = fromAudio([evening], { seconds: 1, hopSeconds: 0.5 });
 */
export async function decodeAudio(file: Blob, options: DecodeAudioOptions = {}): Promise<Recording> {
  const { sampleRate } = OPTIONS.read(options);
  const sound = await decode(await file.arrayBuffer(), 0, sampleRate);
  const samples = sound.readMono(Number.POSITIVE_INFINITY);
  if (samples.length === 0) throw unreadable(0, 'it has no samples');
  return { samples, sampleRate: sound.sampleRate };
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
