import { LimbeckError } from '../../core/errors.ts';
import { checkSampleRate } from '../../core/sound/sampleRate.ts';
import { makeStreamResampler } from '../../core/sound/streamResampler.ts';
import { isTagged } from '../../core/tags.ts';
import { takeTurns } from '../../core/turns.ts';
import type { LoadedStudent } from '../loadedStudent.ts';
import { askWindows } from './askWindows.ts';
import { type DetectOptions, readDetector } from './listenOptions.ts';
import { makeSoundWindows } from './soundWindows.ts';
import { makeTrigger } from './trigger.ts';

/** A word that was heard. */
export interface Detection {
  /** Seconds of sound from the start to the end of the window in which it was heard. */
  readonly seconds: number;
  /** The mean probability that reached the threshold. */
  readonly score: number;
}

/** What a student heard in a recording. */
export interface Detections {
  readonly heard: readonly Detection[];
  /** The mean probability after each window, from which any threshold can be told. */
  readonly scores: Float32Array;
  /** The end of the first window, and the time from one to the next. */
  readonly firstSeconds: number;
  readonly hopSeconds: number;
}

/** Enough for an engine to be busy with, and some megabytes at most. */
const BATCH = 64;
/** Pieces as a stream gives them, but longer. */
const PIECE_SECONDS = 10;

/**
 * What `listen` would hear in a recording: the same windows, spectrograms, smoothing and threshold, as fast as the device can.
 * Shapes    samples of one channel
 * Throws    audio-unreadable: no samples · invalid-option · shape-mismatch: the student reads other windows · class-mismatch ·
 *           unknown-output · what `predict` throws · AbortError
 *
 * @example
 * await using ears = await loadStudent(bytes);
 * const recording = { samples: new Float32Array(32_000), sampleRate: 16_000 };
 * const { heard } = await detect(ears, recording, { logMel: { bands: 40, edges: 'none' } });
 */
export async function detect(
  student: LoadedStudent,
  recording: Float32Array | { readonly samples: Float32Array; readonly sampleRate: number },
  options: DetectOptions = {},
  signal?: AbortSignal,
): Promise<Detections> {
  const detector = readDetector(student, options);
  const isPlain = isTagged(recording, 'Float32Array');
  const samples = isPlain ? recording : recording.samples;
  const sampleRate = isPlain ? detector.sampleRate : checkSampleRate(recording.sampleRate, 'sampleRate');
  if (samples.length === 0) throw new LimbeckError('audio-unreadable', 'The recording has no samples. Leave it out.');
  const resample = makeStreamResampler(sampleRate, detector.sampleRate);
  const windows = makeSoundWindows(detector);
  const trigger = makeTrigger(detector);
  const turn = takeTurns(signal);
  const scores: number[] = [];
  const heard: Detection[] = [];
  const secondsAt = (window: number) => (windows.firstEnd + window * detector.hopSamples) / detector.sampleRate;
  let waiting: Float32Array[] = [];
  const ask = async (count: number) => {
    const asked = waiting.slice(0, count);
    waiting = waiting.slice(count);
    for (const probability of await askWindows(student, asked, detector, signal)) {
      const { score, isHeard } = trigger(probability);
      if (isHeard) heard.push({ seconds: secondsAt(scores.length), score });
      scores.push(score);
    }
  };
  const length = PIECE_SECONDS * sampleRate;
  for (let from = 0; from < samples.length; from += length) {
    await turn();
    waiting.push(...windows.add(resample(samples.subarray(from, from + length))));
    while (waiting.length >= BATCH) await ask(BATCH);
  }
  if (waiting.length > 0) await ask(waiting.length);
  const { hopSamples, sampleRate: rate } = detector;
  return { heard, scores: Float32Array.from(scores), firstSeconds: secondsAt(0), hopSeconds: hopSamples / rate };
}
