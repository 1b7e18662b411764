import { makeLogMel } from '../../core/sound/logMel.ts';
import type { Detector } from './listenOptions.ts';

export interface SoundWindows {
  /** Takes the next piece of sound, and gives each window that is complete by now, as the student reads it. */
  add(piece: Float32Array): Float32Array[];
  /** Samples until the end of the first window; each further one ends a hop later. */
  readonly firstEnd: number;
}

/**
 * The windows of a stream, one each hop; the first is complete after a window's length. Of spectrograms each frame is computed
 * once, whatever the windows share.
 */
export function makeSoundWindows({ windowSamples, hopSamples, logMel }: Detector): SoundWindows {
  // As many samples as one step needs, and what a step leaves of them.
  const frames = logMel && hopSamples / logMel.hopSamples;
  const mel = logMel && makeLogMel(logMel.windowSamples + ((frames as number) - 1) * logMel.hopSamples, logMel);
  const stepNeeds = logMel ? logMel.windowSamples + hopSamples - logMel.hopSamples : hopSamples;
  const length = logMel
    ? ((windowSamples - logMel.windowSamples) / logMel.hopSamples + 1) * logMel.bands
    : windowSamples;
  const stepLength = mel && logMel ? mel.frames * logMel.bands : hopSamples;
  /** The newest numbers, the oldest first; `filled` of them were heard. */
  const ring = new Float32Array(Math.ceil(length / stepLength) * stepLength);
  let filled = 0;
  let pending = new Float32Array(0);
  const add = (piece: Float32Array) => {
    const longer = new Float32Array(pending.length + piece.length);
    longer.set(pending);
    longer.set(piece, pending.length);
    const ready: Float32Array[] = [];
    let at = 0;
    for (; at + stepNeeds <= longer.length; at += hopSamples) {
      const samples = longer.subarray(at, at + stepNeeds);
      ring.copyWithin(0, stepLength);
      ring.set(mel?.spectrogram(samples) ?? samples, ring.length - stepLength);
      filled = Math.min(ring.length, filled + stepLength);
      if (filled >= length) ready.push(ring.slice(ring.length - length));
    }
    pending = longer.slice(at);
    return ready;
  };
  return { add, firstEnd: stepNeeds + (ring.length / stepLength - 1) * hopSamples };
}
