import { type Dataset, fromArrays, fromAudio, fromImages, type ImageLike, type NdArray } from 'limbeck';
import type { Shown } from '../jobReport.ts';
import type { TaskData } from '../task.ts';
import { splitPlaces } from './splitPlaces.ts';
import { askTable } from './table.ts';
import type { Columns, Label, Rows } from './tableReader.ts';

/** Where examples come from. */
export type SourceKind = 'digits' | 'images' | 'camera' | 'microphone' | 'csv';

/** What was chosen or recorded, before it is split and read. */
export type Gathered =
  | { readonly kind: 'images' | 'camera'; readonly images: readonly ImageLike[]; readonly labels?: readonly number[] }
  | {
      readonly kind: 'microphone';
      readonly sounds: readonly Float32Array[];
      readonly sampleRate: number;
      readonly seconds: number;
    }
  | {
      readonly kind: 'csv';
      /** Read anew, part by part, for each question and each run. */
      readonly file: File;
      readonly table: Columns;
      readonly label?: Label;
    };

export interface View {
  /** What the student sees of a picture. */
  readonly side: number;
  readonly channels: 1 | 3;
  /** What the teacher sees of it. */
  readonly teacherSize: readonly [number, number];
}

/** Fewer leave nothing to learn from once some are held out. */
export const LEAST_EXAMPLES = 10;
/** A waveform as rows: so many samples each, as a convolution reads them. */
const ROW = 160;
export const SAMPLE_RATE = 16_000;

export function sizeOf(gathered: Gathered | undefined): number {
  if (gathered === undefined) return 0;
  if (gathered.kind === 'csv') return gathered.table.rows;
  return gathered.kind === 'microphone' ? gathered.sounds.length : gathered.images.length;
}

/** Shape of one of the student's examples. */
export function shapeOf(gathered: Gathered, { side, channels }: View): readonly number[] {
  if (gathered.kind === 'csv') return [featuresOf(gathered).length];
  if (gathered.kind === 'microphone') return [Math.floor((gathered.seconds * SAMPLE_RATE) / ROW), ROW, 1];
  return [side, side, channels];
}

type Table = Extract<Gathered, { kind: 'csv' }>;

const featuresOf = ({ table, label }: Table) => table.columns.filter((name) => name !== label?.column);

/** Why a table cannot be learned from, as a sentence; undefined if it can. */
export function whyNoNumbers({ table, label }: Table): string | undefined {
  const word = table.words.find(({ column }) => column !== label?.column);
  if (word === undefined) return undefined;
  const { column, row, field } = word;
  return `Column “${column}” ${field === '' ? `is empty in row ${row}` : `has “${field}” in row ${row}, which is no number`}. Choose it as the label, or change the file.`;
}

/** How an example becomes the student's input, for whoever uses it elsewhere. */
export function inputOf(gathered: Gathered, view: View): object {
  if (gathered.kind === 'csv') return { columns: featuresOf(gathered) };
  if (gathered.kind === 'microphone') return { sampleRate: SAMPLE_RATE, samplesInARow: ROW, range: [-1, 1] };
  return {
    size: [view.side, view.side],
    channels: view.channels,
    range: [0, 1],
    layout: 'channels-last',
    fit: 'cover',
  };
}

/** Splits what was gathered; which examples are held out depends on the seed alone. */
export async function taskDataOf(gathered: Gathered, view: View, seed: number, signal: AbortSignal): Promise<TaskData> {
  if (gathered.kind === 'csv') return ofTable(gathered, seed, signal);
  const { learned, held } = await splitPlaces(sizeOf(gathered), seed);
  if (gathered.kind === 'microphone') return ofSounds(gathered, learned, held);
  return ofImages(gathered, view, learned, held);
}

function ofImages(
  { images, labels }: Extract<Gathered, { kind: 'images' | 'camera' }>,
  { side, channels, teacherSize: [height, width] }: View,
  learned: Int32Array,
  held: Int32Array,
): TaskData {
  const chosen = (places: Int32Array) => Array.from(places, (i) => images[i] as ImageLike);
  const forStudent = { width: side, height: side, channels, fit: 'cover' } as const;
  const forTeacher = { width, height, fit: 'cover' } as const;
  const labelsOf = (places: Int32Array) => labels && Int32Array.from(places, (i) => labels[i] ?? -1);
  const heldLabels = labelsOf(held);
  return {
    data: fromImages(chosen(learned), forStudent),
    holdout:
      heldLabels === undefined
        ? fromImages(chosen(held), forStudent)
        : fromImages(chosen(held), forStudent, heldLabels),
    teacherData: fromImages(chosen(learned), forTeacher),
    teacherHoldout: fromImages(chosen(held), forTeacher),
    show: (index) => pictureOf(images[held[index] as number] as ImageLike),
  };
}

function ofSounds(
  { sounds, sampleRate, seconds }: Extract<Gathered, { kind: 'microphone' }>,
  learned: Int32Array,
  held: Int32Array,
): TaskData {
  const samples = Math.round(seconds * SAMPLE_RATE);
  const of = (places: Int32Array) =>
    fromAudio(
      Array.from(places, (i) => ({ samples: sounds[i] as Float32Array, sampleRate })),
      { sampleRate: SAMPLE_RATE, samples },
    );
  const [teacherData, teacherHoldout] = [of(learned), of(held)];
  return {
    data: inRows(teacherData, samples),
    holdout: inRows(teacherHoldout, samples),
    teacherData,
    teacherHoldout,
    show: async (index) => ({ text: `clip ${(held[index] as number) + 1}` }),
  };
}

/** The same samples as rows, so that a convolution may read them; what fills no row is left out. */
function inRows(sounds: Dataset, samples: number): Dataset {
  const shape = [Math.floor(samples / ROW), ROW, 1];
  const kept = shape.reduce((product, length) => product * length, 1);
  return {
    ...sounds,
    inputs: { input: { shape, dtype: 'float32' } },
    async read(indices, signal) {
      const { data } = (await sounds.read(indices, signal)).inputs['input'] as NdArray;
      const rows = new Float32Array(indices.length * kept);
      for (let i = 0; i < indices.length; i++) rows.set(data.subarray(i * samples, i * samples + kept), i * kept);
      return { inputs: { input: { data: rows, shape: [indices.length, ...shape] } } };
    },
  };
}

async function ofTable({ file, table: { rows }, label }: Table, seed: number, signal: AbortSignal): Promise<TaskData> {
  const question = { about: 'examples', file, rows, seed, ...(label && { label }) } as const;
  const { features, learned, held, heldPlaces } = await askTable(question, signal);
  const inputsOf = ({ data }: Rows) => ({ data, shape: [data.length / features, features] });
  return {
    data: fromArrays(inputsOf(learned)),
    holdout: held.labels ? fromArrays(inputsOf(held), held.labels) : fromArrays(inputsOf(held)),
    show: async (index) => {
      const values = Array.from(
        held.data.subarray(index * features, index * features + Math.min(features, MOST_SHOWN)),
      );
      const text = values.map((value) => String(Math.round(value * 1000) / 1000)).join(', ');
      return { text: `row ${(heldPlaces[index] as number) + 1}: ${text}` };
    },
  };
}

/** Numbers of a row. */
const MOST_SHOWN = 6;
const SHOWN_SIDE = 80;

/** A small picture for a person, as a data address. */
async function pictureOf(image: ImageLike): Promise<Shown> {
  const small = fromImages([image], { width: SHOWN_SIDE, height: SHOWN_SIDE, fit: 'cover' });
  const { data } = (await small.read(Int32Array.of(0))).inputs['input'] as NdArray;
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = SHOWN_SIDE;
  const pixels = new ImageData(SHOWN_SIDE, SHOWN_SIDE);
  for (let i = 0; i < SHOWN_SIDE ** 2; i++) {
    for (let c = 0; c < 3; c++) pixels.data[4 * i + c] = 255 * (data[3 * i + c] as number);
    pixels.data[4 * i + 3] = 255;
  }
  canvas.getContext('2d')?.putImageData(pixels, 0, 0);
  return { picture: canvas.toDataURL('image/jpeg', 0.85) };
}
