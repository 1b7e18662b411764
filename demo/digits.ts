import {
  type Dataset,
  fromArrays,
  type LabelledDataset,
  type LoadEvent,
  type LoadTeacherOptions,
  loadTeacher,
  type NdArray,
  sumOverTime,
  type Teacher,
  take,
} from 'limbeck';
import type { Task } from './task.ts';

/** Places of '0'…'9' in the recognition model's alphabet: blank, the lines of ppocr_keys_v1.txt, space. */
async function digitClasses(signal: AbortSignal): Promise<number[]> {
  const keys = (await (await fetchFile('./models/ppocr_keys_v1.txt', signal)).text()).split('\n');
  return [...'0123456789'].map((digit) => keys.indexOf(digit) + 1);
}

async function fetchFile(url: string, signal?: AbortSignal): Promise<Response> {
  const response = await fetch(url, { signal });
  if (!response.ok) throw new Error(`${url} could not be loaded: HTTP ${response.status}.`);
  return response;
}

export const SIDE = 28;

/** What the student's outputs mean, and how a picture becomes its input, for use elsewhere. */
export const LABELS = [...'0123456789'];
export const digitInput = { size: [SIDE, SIDE], channels: 1, range: [0, 1], layout: 'channels-last' };

/** The digits of a file. They stay bytes; a batch that is read becomes numbers from 0 to 1. */
function digitsOf(bytes: Uint8Array): Dataset;
function digitsOf(bytes: Uint8Array, labels: Uint8Array): LabelledDataset;
function digitsOf(bytes: Uint8Array, labels?: Uint8Array): Dataset {
  const images: NdArray = { data: bytes, shape: [bytes.length / (SIDE * SIDE), SIDE, SIDE, 1] };
  const stored: Dataset = labels === undefined ? fromArrays(images) : fromArrays(images, labels);
  return {
    ...stored,
    inputs: { input: { shape: [SIDE, SIDE, 1], dtype: 'float32' } },
    async read(indices, signal) {
      const examples = await stored.read(indices, signal);
      return { ...examples, inputs: { input: toUnit(examples.inputs['input'] as NdArray) } };
    },
  };
}

function toUnit({ data, shape }: NdArray): NdArray {
  const scaled = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) scaled[i] = (data[i] as number) / 255;
  return { data: scaled, shape };
}

export interface DigitTeacherOptions extends Pick<LoadTeacherOptions, 'threads' | 'device' | 'store'> {
  /** Of what it is shown: white on black as in MNIST, or black on white as in most pictures. Default 'white'. */
  readonly ink?: 'white' | 'black';
}

/** Loads the recognition model so that it sees a digit as printed text: dark on white, 48 × 48, in [-1, 1]. */
export async function loadDigitTeacher(
  emit: (event: LoadEvent) => void,
  signal: AbortSignal,
  { ink = 'white', ...options }: DigitTeacherOptions = {},
): Promise<Teacher> {
  const loading = loadTeacher('./models/ch_PP-OCRv4_rec_infer.onnx', {
    name: 'PP-OCRv4 recognition',
    input: { size: [48, 48], channels: 3, inverted: ink === 'white' ? 'yes' : 'no', mean: 0.5, stdDev: 0.5 },
    read: sumOverTime({ classes: await digitClasses(signal) }),
    ...options,
    signal,
  });
  for await (const event of loading) emit(event);
  return loading.done;
}

/** The digits to learn from, without labels, and test digits, which are not used to choose or calibrate anything. */
export async function loadDigits(limit: number, signal?: AbortSignal) {
  const [train, holdout, labels] = await fetchAll(['train.bin', 'holdout.bin', 'holdout-labels.bin'], './', signal);
  const heldOut = Math.min(labels.length, Math.max(Math.round(limit / 4), 100));
  return { data: take(digitsOf(train), limit), holdout: take(digitsOf(holdout, labels), heldOut), pixels: holdout };
}

/** The same digits with the labels of both, for who learns without a teacher. `base` is the page's folder. */
export async function loadLabelledDigits(base: string, signal?: AbortSignal) {
  const files = ['train.bin', 'train-labels.bin', 'holdout.bin', 'holdout-labels.bin'] as const;
  const [train, trainLabels, holdout, labels] = await fetchAll(files, base, signal);
  return { train: digitsOf(train, trainLabels), holdout: digitsOf(holdout, labels), trainLabels };
}

type BytesOf<Files> = { readonly [I in keyof Files]: Uint8Array };

/** Files of digits, below a page's folder. */
async function fetchAll<const Files extends readonly string[]>(files: Files, base: string, signal?: AbortSignal) {
  const fetched = files.map(async (file) => {
    const response = await fetchFile(`${base}data/${file}`, signal);
    return new Uint8Array(await response.arrayBuffer());
  });
  return (await Promise.all(fetched)) as unknown as BytesOf<Files>;
}

/** The recognition model teaches to read digits: what the page does unless told otherwise. */
export const digitTask: Task = {
  noun: 'digit',
  labels: LABELS,
  input: digitInput,
  loadTeacher: loadDigitTeacher,
  async loadData(limit, signal) {
    const { data, holdout, pixels } = await loadDigits(limit, signal);
    const pixelsOf = (i: number) => pixels.subarray(i * SIDE ** 2, (i + 1) * SIDE ** 2);
    return { data, holdout, show: async (i) => ({ pixels: btoa(String.fromCharCode(...pixelsOf(i))) }) };
  },
};
