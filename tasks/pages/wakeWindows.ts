// What the voices say, as streams, and the windows of a stream that a student and its teacher learn from.
import { augmented, fromAudio, spectrograms } from 'limbeck';
import { fileOf } from './tools.ts';
import { type Clip, makeStream, RATE, type Stream } from './wakeStream.ts';
import { type Embedder, HOP_SAMPLES, WIDTH, WINDOW_SECONDS } from './wakeTeacher.ts';

/** What the student sees: 54 frames of 30 ms. */
export const LOG_MEL = {
  bands: 20,
  fftSize: 512,
  windowSamples: 480,
  hopSamples: 320,
  edges: 'none',
  floor: 1e-6,
  mean: -2,
  stdDev: 2,
} as const;
export const FRAMES = 54;
/** A window begins with the teacher's and ends 12 ms sooner. */
const WINDOW_SAMPLES = LOG_MEL.windowSamples + (FRAMES - 1) * LOG_MEL.hopSamples;

export type Split = 'takes' | 'train' | 'development' | 'test';
type Kind = 'word' | 'other' | 'sentence';
export interface Clips {
  readonly sampleRate: number;
  /** What speaking them took. */
  readonly spokenMs: number;
  readonly clips: readonly { split: Split; kind: Kind; start: number; length: number }[];
}

/** The clips of a split. */
export type ClipsOf = (split: Split, kind: Kind) => Clip[];

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
  const clipsOf: ClipsOf = (split, kind) => byKind.get(`${split} ${kind}`) ?? [];
  return { clipsOf, spokenMs };
}

/** How people and rooms differ; a stream has noise and levels of its own. */
const VARY = { speed: 0.1, room: 0.25 } as const;
/** Of the loudest sample; what is softer at the end of a clip is silence. */
const SILENT = 0.01;

/** So many variations of each clip. */
export async function varied(clips: readonly Clip[], copies: number, seed: number): Promise<Clip[]> {
  const one = fromAudio(clips, { samples: Math.ceil(1.2 * Math.max(...clips.map(({ length }) => length))) });
  const data = augmented(one, { sound: VARY }, { copies, seed });
  const { inputs } = await data.read(indicesOf(0, data.size));
  const { data: samples, shape } = inputs['input'] as { data: Float32Array; shape: readonly number[] };
  const length = shape[1] as number;
  return Array.from({ length: data.size }, (_, i) => {
    const clip = samples.slice(i * length, (i + 1) * length);
    const most = clip.reduce((loudest, x) => Math.max(loudest, Math.abs(x)), 0);
    return clip.slice(0, clip.findLastIndex((x) => Math.abs(x) > SILENT * most) + 1);
  });
}

/** Windows of a stream, as a head on the embeddings and as the student see them. */
export interface Learned {
  /** [size, WIDTH] */
  readonly features: Float32Array;
  /** [size, FRAMES, bands] */
  readonly spectra: Float32Array;
  /** 1 where the whole word is in the window, 0 where nothing of it is, −1 where a part is. */
  readonly labels: Int32Array;
  /** The place of the word that is in the window, or −1. */
  readonly words: Int32Array;
  readonly size: number;
}

/** A word is whole where at most so much of it is missing. */
const MISSING_SECONDS = 0.05;
export async function windowsOf({ samples, said }: Stream, embedder: Embedder): Promise<Learned> {
  const features = await embedder.featuresOf(samples);
  const windows = fromAudio([samples], { samples: WINDOW_SAMPLES, hopSamples: HOP_SAMPLES });
  const seen = spectrograms(windows, LOG_MEL);
  const all = Array.from({ length: Math.min(windows.size, features.length / WIDTH) }, (_, i) => {
    const start = (i * HOP_SAMPLES) / RATE;
    const end = start + WINDOW_SECONDS;
    const [from, to, word] = said.find((one) => one[1] > start && one[0] < end) ?? [0, 0, -1];
    const isWhole = from > start - MISSING_SECONDS && to < end + MISSING_SECONDS;
    return { word, label: word < 0 ? 0 : isWhole ? 1 : -1 };
  });
  const spectra = new Float32Array(all.length * FRAMES * LOG_MEL.bands);
  for (let from = 0; from < all.length; from += 64) {
    const { inputs } = await seen.read(indicesOf(from, Math.min(from + 64, all.length)));
    spectra.set(inputs['input']?.data as Float32Array, from * FRAMES * LOG_MEL.bands);
  }
  return {
    features: features.slice(0, all.length * WIDTH),
    spectra,
    labels: Int32Array.from(all, ({ label }) => label),
    words: Int32Array.from(all, ({ word }) => word),
    size: all.length,
  };
}

/** Those windows that are wanted, by their number. */
export function pickWindows(learned: Learned, isWanted: (i: number) => boolean): Learned {
  const rows = indicesOf(0, learned.size).filter(isWanted);
  const pick = (from: Float32Array, width: number) => {
    const to = new Float32Array(rows.length * width);
    for (const [row, i] of rows.entries()) to.set(from.subarray(i * width, (i + 1) * width), row * width);
    return to;
  };
  return {
    features: pick(learned.features, WIDTH),
    spectra: pick(learned.spectra, FRAMES * LOG_MEL.bands),
    labels: rows.map((i) => learned.labels[i] as number),
    words: rows.map((i) => learned.words[i] as number),
    size: rows.length,
  };
}

/** A stream is made in parts, so that it need not be in memory as a whole. */
const PART_SECONDS = 600;

/** Streams of ten minutes each, or what there is of them; what is said once in a split is spread over its parts. */
export function makeStreams(
  clipsOf: ClipsOf,
  scored: 'development' | 'test',
  minutes: Record<'development' | 'test', number>,
) {
  const of = (split: 'development' | 'test', seed: number): Stream[] => {
    const seconds = 60 * minutes[split];
    const parts = Math.max(1, Math.round(seconds / PART_SECONDS));
    return Array.from({ length: parts }, (_, part) => {
      const own = (kind: Kind) => clipsOf(split, kind).filter((_, k) => k % parts === part);
      const clips = { words: own('word'), others: own('other'), sentences: clipsOf(split, 'sentence') };
      return makeStream(clips, Math.round(seconds / parts), seed + part);
    });
  };
  return { development: of('development', 100), scored: of(scored, scored === 'test' ? 200 : 300) };
}
