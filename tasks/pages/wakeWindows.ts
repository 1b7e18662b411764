// What the voices say, as streams, and the windows of a stream that a student and its teacher learn from.
import { augmented, fromAudio, spectrograms } from 'limbeck';
import { fileOf } from './tools.ts';
import { type Clip, makeStream, RATE, type Stream } from './wakeStream.ts';
import { type Embedder, HOP_SAMPLES, WIDTH, WINDOW_SECONDS } from './wakeTeacher.ts';

/** What the student sees: 27 frames of 40 ms. A window begins with the teacher's and ends 22 ms sooner. */
export const LOG_MEL = {
  bands: 20,
  fftSize: 1024,
  windowSamples: 640,
  hopSamples: 640,
  edges: 'none',
  floor: 1e-6,
  mean: -2,
  stdDev: 2,
} as const;
export const FRAMES = 27;

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
const VARY = { speed: 0.1, room: 0.2 } as const;
/** Of the loudest sample; what is softer at the end of a clip is silence. */
const SILENT = 0.01;

/** Clips that are varied at once. */
const GROUP = 64;

/** So many variations of each clip, the shortest first: a room takes as long as the longest of a group does. */
export async function varied(clips: readonly Clip[], copies: number, seed: number): Promise<Clip[]> {
  const sorted = [...clips].sort((a, b) => a.length - b.length);
  const all: Clip[] = [];
  for (let from = 0; from < sorted.length; from += GROUP) {
    all.push(...(await variedGroup(sorted.slice(from, from + GROUP), copies, seed + 1000 * from)));
  }
  return all;
}

async function variedGroup(clips: readonly Clip[], copies: number, seed: number): Promise<Clip[]> {
  const one = fromAudio(clips, { samples: Math.ceil(1.12 * Math.max(...clips.map(({ length }) => length))) });
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
  /** Which window of the stream it is. */
  readonly places: Int32Array;
  readonly size: number;
}

/** A word is whole where at most so much of it is missing. */
const MISSING_SECONDS = 0.05;
const WINDOW = FRAMES * LOG_MEL.bands;

/** All windows of a stream that hold the word or a part of it, and of the others, which are many, every other one. */
export async function windowsOf({ samples, said }: Stream, embedder: Embedder): Promise<Learned> {
  const embeddings = await embedder.featuresOf(samples);
  const frames = await framesOf(samples);
  const hop = (HOP_SAMPLES / LOG_MEL.hopSamples) * LOG_MEL.bands;
  const count = Math.min(Math.floor((frames.length - WINDOW) / hop) + 1, embeddings.length / WIDTH);
  const all = Array.from({ length: count }, (_, i) => {
    const start = (i * HOP_SAMPLES) / RATE;
    const end = start + WINDOW_SECONDS;
    const [from, to, word] = said.find((one) => one[1] > start && one[0] < end) ?? [0, 0, -1];
    const isWhole = from > start - MISSING_SECONDS && to < end + MISSING_SECONDS;
    return { i, word, label: word < 0 ? 0 : isWhole ? 1 : -1 };
  });
  const own = all.filter(({ i, label }) => label !== 0 || i % 2 === 0);
  const features = new Float32Array(own.length * WIDTH);
  const spectra = new Float32Array(own.length * WINDOW);
  for (const [row, { i }] of own.entries()) {
    features.set(embeddings.subarray(i * WIDTH, (i + 1) * WIDTH), row * WIDTH);
    spectra.set(frames.subarray(i * hop, i * hop + WINDOW), row * WINDOW);
  }
  return {
    features,
    spectra,
    labels: Int32Array.from(own, ({ label }) => label),
    words: Int32Array.from(own, ({ word }) => word),
    places: Int32Array.from(own, ({ i }) => i),
    size: own.length,
  };
}

/** Frames that are computed at once. */
const PIECE = 250;

/** The spectrogram of a whole stream, whose windows share most of their frames: [frames, bands]. */
async function framesOf(samples: Float32Array): Promise<Float32Array> {
  const pieces = fromAudio([samples], {
    samples: LOG_MEL.windowSamples + (PIECE - 1) * LOG_MEL.hopSamples,
    hopSamples: PIECE * LOG_MEL.hopSamples,
  });
  const seen = spectrograms(pieces, LOG_MEL);
  const frames = new Float32Array(pieces.size * PIECE * LOG_MEL.bands);
  for (let piece = 0; piece < pieces.size; piece++) {
    const { inputs } = await seen.read(Int32Array.of(piece));
    frames.set(inputs['input']?.data as Float32Array, piece * PIECE * LOG_MEL.bands);
  }
  return frames;
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
    spectra: pick(learned.spectra, WINDOW),
    labels: rows.map((i) => learned.labels[i] as number),
    words: rows.map((i) => learned.words[i] as number),
    places: rows.map((i) => learned.places[i] as number),
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
