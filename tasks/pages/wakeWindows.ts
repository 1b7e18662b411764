// What the voices say, as streams, and the windows of a stream that a student and its teacher learn from.
import { augmented, fromAudio, spectrograms } from 'limbeck';
import { fileOf } from './tools.ts';
import { type Clip, makeStream, RATE, type Stream, type StreamParts } from './wakeStream.ts';
import { type Embedder, HOP_SAMPLES, sum, WIDTH, WINDOW_SECONDS } from './wakeTeacher.ts';

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
/** How long the streams of a split last. */
export type Minutes = Readonly<Record<Exclude<Split, 'takes'>, number>>;
export interface Clips {
  /** What speaking them took. */
  readonly spokenMs: number;
  readonly minutes: Minutes;
  readonly clips: readonly { split: Split; kind: Kind; start: number; length: number }[];
}

/** The clips of a split. */
export type ClipsOf = (split: Split, kind: Kind) => Clip[];

const indicesOf = (from: number, to: number) => Int32Array.from({ length: to - from }, (_, i) => from + i);

/** All clips by split and kind. */
export async function readClips() {
  const { clips, ...about } = (await (await fileOf('data/clips.json')).json()) as Clips;
  const all = new Int16Array(await (await fileOf('data/clips.bin')).arrayBuffer());
  const byKind = new Map<string, Clip[]>();
  for (const { split, kind, start, length } of clips) {
    const name = `${split} ${kind}`;
    const of = byKind.get(name) ?? [];
    of.push(all.subarray(start, start + length));
    byKind.set(name, of);
  }
  const clipsOf: ClipsOf = (split, kind) => byKind.get(`${split} ${kind}`) ?? [];
  return { clipsOf, ...about };
}

/** How people and rooms differ; a stream has noise and levels of its own. */
const VARY = { speed: 0.15, room: 0.3 } as const;
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
  const sounds = clips.map((clip) => Float32Array.from(clip));
  const one = fromAudio(sounds, { samples: Math.ceil(1.18 * Math.max(...clips.map(({ length }) => length))) });
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
const WINDOW = FRAMES * LOG_MEL.bands;

/**
 * Every other window of streams, as a head hears them: words are as rare in them, so that what learns from them is as sure as it
 * should be. One stream is in memory at a time.
 */
export async function windowsOf(
  streams: Iterable<Stream>,
  embedder: Embedder,
  report: (parts: number) => void = () => undefined,
): Promise<Learned> {
  const parts: Learned[] = [];
  for (const stream of streams) {
    report(parts.length);
    parts.push(await windowsOfOne(stream, embedder));
  }
  const joined = <T extends Float32Array | Int32Array>(of: (part: Learned) => T, empty: T): T => {
    let at = 0;
    for (const part of parts) {
      empty.set(of(part), at);
      at += of(part).length;
    }
    return empty;
  };
  const size = sum(parts.map((part) => part.size));
  return {
    features: joined((part) => part.features, new Float32Array(size * WIDTH)),
    spectra: joined((part) => part.spectra, new Float32Array(size * WINDOW)),
    labels: joined((part) => part.labels, new Int32Array(size)),
    words: joined((part) => part.words, new Int32Array(size)),
    size,
  };
}

async function windowsOfOne({ samples, said }: Stream, embedder: Embedder): Promise<Learned> {
  const [embeddings, frames] = await Promise.all([embedder.featuresOf(samples), framesOf(samples)]);
  const hop = (HOP_SAMPLES / LOG_MEL.hopSamples) * LOG_MEL.bands;
  const count = Math.min(Math.floor((frames.length - WINDOW) / hop) + 1, embeddings.length / WIDTH);
  const size = Math.ceil(count / 2);
  const features = new Float32Array(size * WIDTH);
  const spectra = new Float32Array(size * WINDOW);
  const labels = new Int32Array(size);
  const words = new Int32Array(size);
  for (let row = 0; row < size; row++) {
    const i = 2 * row;
    const start = (i * HOP_SAMPLES) / RATE;
    const end = start + WINDOW_SECONDS;
    const [from, to, word] = said.find((one) => one[1] > start && one[0] < end) ?? [0, 0, -1];
    const isWhole = from > start - MISSING_SECONDS && to < end + MISSING_SECONDS;
    labels[row] = word < 0 ? 0 : isWhole ? 1 : -1;
    words[row] = word;
    features.set(embeddings.subarray(i * WIDTH, (i + 1) * WIDTH), row * WIDTH);
    spectra.set(frames.subarray(i * hop, i * hop + WINDOW), row * WINDOW);
  }
  return { features, spectra, labels, words, size };
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
    size: rows.length,
  };
}

/** A stream is made in parts, so that it need not be in memory as a whole. */
const PART_SECONDS = 600;

/** In how many parts a stream of so many minutes is made. */
export const partsIn = (minutes: number): number => Math.max(1, Math.round((60 * minutes) / PART_SECONDS));

/** A stream in parts of ten minutes: what is said once is spread over them, and `said` counts the words of all. */
export function* partsOf(clips: StreamParts, minutes: number, seed: number, pauses?: readonly [number, number]) {
  const parts = partsIn(minutes);
  for (let part = 0; part < parts; part++) {
    const own = (list: readonly Clip[]) => list.filter((_, k) => k % parts === part);
    const { samples, said } = makeStream(
      { words: own(clips.words), others: own(clips.others), sentences: clips.sentences },
      Math.round((60 * minutes) / parts),
      seed + part,
      pauses,
    );
    yield { samples, said: said.map(([from, to, word]) => [from, to, word * parts + part] as const) };
  }
}

/**
 * What sets thresholds, and what is scored. Each clip is heard in one of them only: of development voices one half sets thresholds
 * where the other half is scored.
 */
export function makeStreams(clipsOf: ClipsOf, scored: 'development' | 'test', minutes: Minutes) {
  const of = (split: 'development' | 'test', seed: number, half: number): Stream[] => {
    const own = (kind: Kind) => clipsOf(split, kind).filter((_, k) => scored === 'test' || k % 2 === half);
    return [...partsOf({ words: own('word'), others: own('other'), sentences: own('sentence') }, minutes[split], seed)];
  };
  return { development: of('development', 100, 0), scored: of(scored, 200, 1) };
}
