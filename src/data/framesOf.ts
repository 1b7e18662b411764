import { throwIfAborted } from '../core/errors.ts';
import { count, given, notNegative, type OptionsOf, required, schema } from '../core/schema.ts';
import { afterMs } from '../core/timing.ts';
import type { Examples, LabelledExamples } from './dataset.ts';
import { fromImages, IMAGES, type ImageLike, type ImagesOptions } from './images.ts';

const { decodedMemoryBytes: _, ...image } = IMAGES.fields;
const OPTIONS = schema('framesOf', {
  ...image,
  /** How many frames. */
  frames: required(count()()),
  /** Milliseconds from one to the next. Default 200. */
  everyMs: notNegative(200),
  /** The class of what is shown meanwhile. Default: none. */
  label: count(0)(),
  /** Ends it after the frame that is being read. */
  signal: given<AbortSignal>(),
});

/** Which frames are taken, and what each becomes. */
export interface FramesOptions extends Omit<ImagesOptions, 'decodedMemoryBytes'>, OptionsOf<typeof OPTIONS> {}

/**
 * Frames of a camera, one after the other, as `storeExamples` takes them: of a video element that plays its stream, or of what a function
 * gives at each time. The stream stays yours.
 * Shapes    frames of inputs [1, height, width, channels]
 * Units     floats 0…1
 * Throws    what `fromImages` throws · AbortError
 *
 * @example
 * const video = document.querySelector('video') as HTMLVideoElement;
 * video.srcObject = await navigator.mediaDevices.getUserMedia({ video: true });
 * await video.play();
 * const seen = await storeExamples(store, 'waving', framesOf(video, { width: 64, height: 64, frames: 50, label: 1 }));
 */
export function framesOf(
  source: HTMLVideoElement | (() => ImageLike),
  options: FramesOptions & { readonly label: number },
): AsyncGenerator<LabelledExamples, void, void>;
export function framesOf(
  source: HTMLVideoElement | (() => ImageLike),
  options: FramesOptions,
): AsyncGenerator<Examples, void, void>;
export async function* framesOf(
  source: HTMLVideoElement | (() => ImageLike),
  options: FramesOptions,
): AsyncGenerator<Examples | LabelledExamples, void, void> {
  const { frames, everyMs, label, signal, ...each } = OPTIONS.read(options);
  for (let frame = 0; frame < frames; frame++) {
    throwIfAborted(signal);
    const startedAt = performance.now();
    const shown = typeof source === 'function' ? source() : source;
    const { inputs } = await fromImages([shown], each).read(Int32Array.of(0), signal);
    yield label === undefined ? { inputs } : { inputs, labels: Int32Array.of(label) };
    const restMs = everyMs - (performance.now() - startedAt);
    if (frame + 1 < frames && restMs > 0) await new Promise<void>((resolve) => void afterMs(restMs, resolve));
  }
}
