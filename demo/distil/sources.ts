import {
  type Dataset,
  fromArrays,
  fromAudio,
  fromCsv,
  fromImages,
  type ImageLike,
  type LabelledDataset,
  type NdArray,
  pick,
  shuffle,
} from 'limbeck';
import type { Shown } from '../jobReport.ts';
import type { TaskData } from '../task.ts';

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
      readonly text: string;
      readonly columns: readonly string[];
      readonly rows: number;
      readonly label?: string;
      readonly classes?: readonly string[];
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
const HELD_OUT = 0.2;
/** A waveform as rows: so many samples each, as a convolution reads them. */
const ROW = 160;
export const SAMPLE_RATE = 16_000;

export function sizeOf(gathered: Gathered | undefined): number {
  if (gathered === undefined) return 0;
  if (gathered.kind === 'csv') return gathered.rows;
  return gathered.kind === 'microphone' ? gathered.sounds.length : gathered.images.length;
}

/** Shape of one of the student's examples. */
export function shapeOf(gathered: Gathered, { side, channels }: View): readonly number[] {
  if (gathered.kind === 'csv') return [gathered.columns.filter((name) => name !== gathered.label).length];
  if (gathered.kind === 'microphone') return [Math.floor((gathered.seconds * SAMPLE_RATE) / ROW), ROW, 1];
  return [side, side, channels];
}

/** How an example becomes the student's input, for whoever uses it elsewhere. */
export function inputOf(gathered: Gathered, view: View): object {
  if (gathered.kind === 'csv') return { columns: gathered.columns.filter((name) => name !== gathered.label) };
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
export async function taskDataOf(gathered: Gathered, view: View, seed: number): Promise<TaskData> {
  const order = await shuffledPlaces(sizeOf(gathered), seed);
  const heldOut = Math.max(1, Math.round(order.length * HELD_OUT));
  const [held, learned] = [order.slice(0, heldOut), order.slice(heldOut)];
  if (gathered.kind === 'csv') return ofTable(gathered, learned, held);
  if (gathered.kind === 'microphone') return ofSounds(gathered, learned, held);
  return ofImages(gathered, view, learned, held);
}

function ofImages(
  { images, labels }: Extract<Gathered, { kind: 'images' | 'camera' }>,
  { side, channels, teacherSize: [height, width] }: View,
  learned: readonly number[],
  held: readonly number[],
): TaskData {
  const chosen = (places: readonly number[]) => places.map((i) => images[i] as ImageLike);
  const forStudent = { width: side, height: side, channels, fit: 'cover' } as const;
  const forTeacher = { width, height, fit: 'cover' } as const;
  const labelsOf = (places: readonly number[]) => labels && Int32Array.from(places, (i) => labels[i] ?? -1);
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
  learned: readonly number[],
  held: readonly number[],
): TaskData {
  const samples = Math.round(seconds * SAMPLE_RATE);
  const of = (places: readonly number[]) =>
    fromAudio(
      places.map((i) => ({ samples: sounds[i] as Float32Array, sampleRate })),
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

function ofTable(
  { text, label, classes }: Extract<Gathered, { kind: 'csv' }>,
  learned: readonly number[],
  held: readonly number[],
): TaskData {
  const table: Dataset | LabelledDataset =
    label === undefined ? fromCsv(text) : fromCsv(text, { label, ...(classes && { classes }) });
  return {
    data: pick(table, Int32Array.from(learned)),
    holdout: pick(table, Int32Array.from(held)),
    show: async (index) => {
      const row = held[index] as number;
      const { inputs } = await table.read(Int32Array.of(row));
      const values = [...(inputs['input'] as NdArray).data]
        .slice(0, 6)
        .map((value) => String(Math.round(Number(value) * 1000) / 1000));
      return { text: `row ${row + 1}: ${values.join(', ')}` };
    },
  };
}

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

/** 0 … length − 1 in an order that depends on the seed alone. */
async function shuffledPlaces(length: number, seed: number): Promise<number[]> {
  const all = Int32Array.from({ length }, (_, i) => i);
  const { inputs } = await shuffle(fromArrays({ data: all, shape: [length, 1] }), seed).read(all);
  return [...(inputs['input'] as NdArray).data] as number[];
}
