// What the voices say, as windows of a second: for the teacher's embedding and for the student.
import { fromArrays, fromAudio, type LabelledDataset, type NdArray, spectrograms } from 'limbeck';
import { fileOf } from './tools.ts';
import { type Clip, makeStream, RATE, type Stream } from './wakeStream.ts';
import { EMBEDDINGS, type Embedder, FEATURES, sum } from './wakeTeacher.ts';

/** What the student sees: 49 frames of 30 ms. */
export const LOG_MEL = {
  bands: 32,
  fftSize: 512,
  windowSamples: 480,
  hopSamples: 320,
  edges: 'none',
  floor: 1e-6,
  mean: -2,
  stdDev: 2,
} as const;

export type Split = 'takes' | 'train' | 'development' | 'test';
export interface Clips {
  readonly sampleRate: number;
  /** What speaking them took. */
  readonly spokenMs: number;
  readonly clips: readonly { split: Split; kind: 'word' | 'other' | 'sentence'; start: number; length: number }[];
}

/** A stream is made in parts, so that it need not be in memory as a whole. */
const PART_SECONDS = 600;

const indicesOf = (from: number, to: number) => Int32Array.from({ length: to - from }, (_, i) => from + i);

/** All clips at 16 kHz by split and kind. */
export async function readClips() {
  const { clips, sampleRate, spokenMs } = (await (await fileOf('data/clips.json')).json()) as Clips;
  const all = new Int16Array(await (await fileOf('data/clips.bin')).arrayBuffer());
  const byKind = new Map<string, Clip[]>();
  for (const { split, kind, start, length } of clips) {
    const samples = Float32Array.from(all.subarray(start, start + length), (x) => x / 32_768);
    const size = Math.ceil((length * RATE) / sampleRate);
    const { inputs } = await fromAudio([{ samples, sampleRate }], { samples: size }).read(Int32Array.of(0));
    const name = `${split} ${kind}`;
    byKind.set(name, [...(byKind.get(name) ?? []), inputs['input']?.data as Float32Array]);
  }
  return { clipsOf: (split: Split, kind: string): Clip[] => byKind.get(`${split} ${kind}`) ?? [], spokenMs };
}

/** In the middle of a second. */
export function centred(clip: Clip): Float32Array {
  const window = new Float32Array(RATE);
  const from = Math.max(0, Math.floor((RATE - clip.length) / 2));
  window.set(clip.subarray(0, RATE - from), from);
  return window;
}

/** Windows of a set, as the teacher's embedding and as the student see them. */
export interface Learned {
  readonly features: Float32Array;
  readonly spectra: Float32Array;
  readonly labels: Int32Array;
  readonly size: number;
}

export async function prepare(sets: readonly LabelledDataset[], embedder: Embedder): Promise<Learned> {
  const size = sum(sets.map((one) => one.size));
  const features = new Float32Array(size * EMBEDDINGS * FEATURES);
  const spectra = new Float32Array(size * 49 * LOG_MEL.bands);
  const labels = new Int32Array(size);
  let at = 0;
  for (const set of sets) {
    for (let from = 0; from < set.size; from += 32) {
      const read = await set.read(indicesOf(from, Math.min(from + 32, set.size)));
      const sounds = read.inputs['input'] as NdArray;
      const count = read.labels.length;
      features.set(await embedder.embed(sounds), at * EMBEDDINGS * FEATURES);
      const { inputs } = await spectrograms(fromArrays(sounds), LOG_MEL).read(indicesOf(0, count));
      spectra.set(inputs['input']?.data as Float32Array, at * 49 * LOG_MEL.bands);
      labels.set(read.labels, at);
      at += count;
    }
  }
  return { features, spectra, labels, size };
}

/** Streams of ten minutes each, or what there is of them; the words of a split are spread over its parts. */
export function makeStreams(
  clipsOf: (split: Split, kind: string) => Clip[],
  scored: 'development' | 'test',
  minutes: Record<'development' | 'test', number>,
) {
  const of = (split: 'development' | 'test', seed: number): Stream[] => {
    const seconds = 60 * minutes[split];
    const parts = Math.max(1, Math.round(seconds / PART_SECONDS));
    const words = clipsOf(split, 'word');
    const others = [...clipsOf(split, 'other'), ...clipsOf(split, 'sentence')];
    return Array.from({ length: parts }, (_, i) => {
      const own = words.filter((_, k) => k % parts === i);
      return makeStream({ words: own, others }, Math.round(seconds / parts), seed + i);
    });
  };
  return { development: of('development', 100), scored: of(scored, scored === 'test' ? 200 : 300) };
}
