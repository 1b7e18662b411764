import { makeResampler } from './resample.ts';

/** Converts sound that arrives piece by piece: the samples of the other rate that can be told by now. */
export type StreamResampler = (piece: Float32Array) => Float32Array;

/** Gives what `makeResampler` gives of the whole sound, but for the last few samples, which wait for what follows. */
export function makeStreamResampler(from: number, to: number): StreamResampler {
  if (from === to) return (piece) => piece;
  const resampler = makeResampler(from, to);
  // After `step` samples of the source the weights are the same again, and the place in the result is a whole number.
  const step = from / greatestCommonDivisor(from, to);
  const phases = to / greatestCommonDivisor(from, to);
  const reach = resampler.sourceLength(0) - 1;
  const lead = Math.ceil(reach / step);
  let source = new Float32Array(0);
  /** Samples of the result, counted from the start of `source`, that were given already. */
  let given = 0;
  return (piece) => {
    const longer = new Float32Array(source.length + piece.length);
    longer.set(source);
    longer.set(piece, source.length);
    source = longer;
    const last = Math.max(given, Math.floor(((source.length - 1 - reach) * phases) / step));
    const out = new Float32Array(last - given);
    resampler.resample(source, given, last, out, 0);
    given = last;
    const periods = Math.max(0, Math.floor(given / phases) - lead);
    source = source.slice(periods * step);
    given -= periods * phases;
    return out;
  };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
