import { type LimbeckError, throwIfAborted } from '../../core/errors.ts';
import { given, type OptionsOf, schema, text } from '../../core/schema.ts';
import { makeStreamResampler, type StreamResampler } from '../../core/sound/streamResampler.ts';
import type { LoadedStudent } from '../loadedStudent.ts';
import { askWindows } from './askWindows.ts';
import type { Detection } from './detect.ts';
import { DETECT, type DetectOptions, readDetector } from './listenOptions.ts';
import { openSource, type SoundSource } from './openSource.ts';
import { makeSoundWindows } from './soundWindows.ts';
import { makeTrigger } from './trigger.ts';

const OPTIONS = schema('listen', {
  ...DETECT.fields,
  /** The device's microphone, which the person is asked for, a MediaStream, or a node of your AudioContext. Default 'microphone'. */
  source: given<SoundSource>(() => undefined, 'microphone'),
  /** Called after each window with the mean probability, for a meter. */
  onScore: given<(score: number, seconds: number) => void>(),
  /** Stops listening, as disposing does. */
  signal: given<AbortSignal>(),
  /** The folder that serves the package's files. Default: next to the code. */
  assetBase: text(),
});

/** What is listened for, and where. */
export interface ListenOptions extends DetectOptions, OptionsOf<typeof OPTIONS> {}

/**
 * A student that listens. Iterate it for the words that it hears; the iteration ends when it is disposed, and throws where the
 * source is lost or the student fails. Disposing lets go of the microphone; the student stays yours.
 */
export interface Listener extends AsyncDisposable, AsyncIterable<Detection> {
  /** Of the source; the student's own rate may be another. */
  readonly sampleRate: number;
  /** Windows that were left out, because the student was slower than the sound. */
  readonly missed: number;
}

/** Windows that wait for a student that is late; of more the oldest are left out. */
const MOST_WAITING = 10;

/**
 * Listens to a microphone with a student: an AudioWorklet hands over the sound, windows of it go to the student hop by hop, and a
 * word is heard where the mean probability of the last windows reaches the threshold. Needs no teacher and no cross-origin
 * isolation. Use `detect` for recordings.
 * Units     seconds from the start of listening
 * Throws    microphone-unavailable: refused, missing, busy or lost; `details.reason` says which · invalid-option · shape-mismatch ·
 *           class-mismatch · unknown-output · backend-unavailable · what `predict` throws · AbortError
 *
 * @example
 * await using ears = await loadStudent(bytes);
 * await using listener = await listen(ears, { logMel: { bands: 40, edges: 'none' }, threshold: 0.8 });
 * for await (const { seconds } of listener) show(seconds);
 */
export async function listen(student: LoadedStudent, options: ListenOptions = {}): Promise<Listener> {
  const { source, onScore, signal, assetBase, ...rest } = OPTIONS.read(options);
  const detector = readDetector(student, rest as DetectOptions);
  throwIfAborted(signal);
  const windows = makeSoundWindows(detector);
  const trigger = makeTrigger(detector);
  const events = makeEvents<Detection>();
  const ended = new AbortController();
  let resample: StreamResampler | undefined;
  /** Before the rate is known, which takes a message at most. */
  const early: Float32Array[] = [];
  let waiting: { window: Float32Array; seconds: number }[] = [];
  let [count, missed] = [0, 0];
  let isAsking = false;

  const ask = async () => {
    if (isAsking) return;
    isAsking = true;
    try {
      while (waiting.length > 0 && !ended.signal.aborted) {
        const asked = waiting;
        waiting = [];
        const found = await askWindows(
          student,
          asked.map(({ window }) => window),
          detector,
          ended.signal,
        );
        for (const [i, probability] of found.entries()) {
          const { score, isHeard } = trigger(probability);
          const { seconds } = asked[i] as (typeof asked)[number];
          onScore?.(score, seconds);
          if (isHeard) events.push({ seconds, score });
        }
      }
    } catch (error) {
      if (!ended.signal.aborted) await end(error);
    } finally {
      isAsking = false;
    }
  };
  const hear = (piece: Float32Array) => {
    if (resample === undefined) {
      early.push(piece);
      return;
    }
    for (const window of windows.add(resample(piece))) {
      waiting.push({ window, seconds: (windows.firstEnd + count++ * detector.hopSamples) / detector.sampleRate });
    }
    const beyond = Math.max(0, waiting.length - MOST_WAITING);
    missed += beyond;
    waiting = waiting.slice(beyond);
    void ask();
  };
  let closing: Promise<void> | undefined;
  const end = (error?: unknown): Promise<void> => {
    ended.abort();
    closing ??= opening.then((open) => open.close()).finally(() => events.end(error));
    return closing;
  };
  const onLost = (error: LimbeckError) => void end(error);
  const opening = openSource(source, hear, onLost, { assetBase, signal });
  const open = await opening;
  resample = makeStreamResampler(open.sampleRate, detector.sampleRate);
  for (const piece of early.splice(0)) hear(piece);
  signal?.addEventListener('abort', () => void end(), { once: true, signal: ended.signal });
  return {
    sampleRate: open.sampleRate,
    get missed() {
      return missed;
    },
    [Symbol.asyncIterator]: events.iterate,
    [Symbol.asyncDispose]: () => end(),
  };
}

/** What was told and not yet taken, in order. */
function makeEvents<T>() {
  const told: T[] = [];
  let isOver = false;
  let failure: { readonly error: unknown } | undefined;
  let wake: () => void = () => undefined;
  async function* iterate(): AsyncGenerator<T, void, void> {
    for (;;) {
      const next = told.shift();
      if (next !== undefined) yield next;
      else if (failure !== undefined) throw failure.error;
      else if (isOver) return;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  }
  return {
    iterate,
    push(one: T) {
      told.push(one);
      wake();
    },
    end(error?: unknown) {
      if (error !== undefined) failure = { error };
      isOver = true;
      wake();
    },
  };
}
