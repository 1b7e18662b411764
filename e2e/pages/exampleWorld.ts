// What stands around a code block of the documentation when it runs: every name of scripts/house/exampleGlobals.ts, with small
// real values. `renew` makes them; a block may ask for pictures of another size.
import {
  cnn,
  type Dataset,
  type DistillOptions,
  distill,
  fromArrays,
  fromFunction,
  type ImageLike,
  type LabelledDataset,
  type Loss,
  type NdArray,
  openStore,
  openTrainer,
  type Patch,
  personalize,
  type Store,
  type Student,
  softTargets,
  studentFromModel,
  type Teacher,
  type Trainer,
  toBundle,
  toOnnx,
} from 'limbeck';
import { tf } from 'limbeck/tfjs';

/** Pictures of stripes: of class c, a bright stripe at c tenths of the width. */
export interface WorldOptions {
  readonly side: number;
  readonly channels: 1 | 3;
  /** How many examples `pixels` and `labels` hold. */
  readonly held: number;
}

const CLASSES = 10;
/** As many examples as pictures: a block may pair them. */
const COUNT = 40;

export const url = '/models/teacher.onnx';
export let teacher: Teacher;
export let student: Student;
export let trainer: Trainer;
export let data: Dataset;
export let labelled: LabelledDataset;
export let holdout: LabelledDataset;
export let options: DistillOptions;
export let files: readonly ImageLike[];
export let pixels: Float32Array<ArrayBuffer>;
export let model: ReturnType<typeof tf.sequential>;
export let x: ReturnType<typeof tf.zeros>;
export let y: ReturnType<typeof tf.zeros>;
export let patch: Patch;
export let store: Store;
export let controller: AbortController;
export let bytes: Uint8Array<ArrayBuffer>;
export let labels: readonly number[];
export let digitIndices: readonly number[];
export const myLoss = (given: object): Loss => softTargets(given);
export const show = (): void => undefined;
export const save = (): void => undefined;
export const askForData = (): void => undefined;

const labelsOf = (count: number) => Array.from({ length: count }, (_, i) => i % CLASSES);

function stripes(count: number, { side, channels }: WorldOptions): NdArray & { data: Float32Array<ArrayBuffer> } {
  const all = new Float32Array(count * side * side * channels);
  const width = Math.floor(side / CLASSES);
  for (let i = 0; i < count; i++) {
    for (let at = 0; at < side * side * channels; at++) {
      const column = Math.floor(at / channels) % side;
      const isBright = Math.floor(column / width) === i % CLASSES;
      all[i * side * side * channels + at] = (isBright ? 0.8 : 0.1) + 0.1 * Math.sin(7 * i + at);
    }
  }
  return { data: all, shape: [count, side, side, channels] };
}

/** A teacher in memory, who reads the stripe off; it also gives two feature maps. */
function stripeTeacher(): Teacher {
  const ask = (inputs: Readonly<Record<string, NdArray>>) => {
    const [{ data: values, shape }] = Object.values(inputs) as [NdArray];
    const [count = 0, height = 1, width = 1, channels = 1] = shape;
    const size = height * width * channels;
    const sums = new Float32Array(count * CLASSES);
    for (let i = 0; i < count * size; i++) {
      const column = Math.floor((i % size) / channels) % width;
      const to = Math.min(CLASSES - 1, Math.floor(column / Math.floor(width / CLASSES)));
      const at = Math.floor(i / size) * CLASSES + to;
      sums[at] = (sums[at] as number) + ((values[i] as number) * 50) / size;
    }
    const maps: NdArray = { data: Float32Array.from(sums, Math.abs), shape: [count, 1, 1, CLASSES] };
    return { logits: { data: sums, shape: [count, CLASSES] }, maps, features: maps };
  };
  return fromFunction(ask, { name: 'stripes', version: '1' });
}

async function picturesOf({ data: values, shape }: NdArray): Promise<Blob[]> {
  const [count = 0, side = 1, , channels = 1] = shape;
  const canvas = new OffscreenCanvas(side, side);
  const context = canvas.getContext('2d') as OffscreenCanvasRenderingContext2D;
  const blobs: Blob[] = [];
  for (let i = 0; i < count; i++) {
    const image = context.createImageData(side, side);
    for (let at = 0; at < side * side; at++) {
      for (let c = 0; c < 3; c++) {
        image.data[4 * at + c] =
          255 * (values[(i * side * side + at) * channels + Math.min(c, channels - 1)] as number);
      }
      image.data[4 * at + 3] = 255;
    }
    context.putImageData(image, 0, 0);
    blobs.push(await canvas.convertToBlob());
  }
  return blobs;
}

function layersModel({ side, channels }: WorldOptions) {
  return tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [side, side, channels], filters: 4, kernelSize: 3, strides: 2 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 16, activation: 'relu', name: 'features' }),
      tf.layers.dense({ units: CLASSES, name: 'logits' }),
    ],
  });
}

/** Makes all of it anew. */
export async function renew(wanted: WorldOptions): Promise<void> {
  const { side, channels, held } = wanted;
  await tf.setBackend('cpu');
  teacher = stripeTeacher();
  student = cnn({ inputShape: [side, side, channels], classes: CLASSES });
  labelled = fromArrays(stripes(COUNT, wanted), labelsOf(COUNT));
  data = fromArrays(stripes(COUNT, wanted));
  holdout = fromArrays(stripes(20, wanted), labelsOf(20));
  options = { teacher, student, data };
  await distill({ ...options, epochs: 10 }).done;
  store = await openStore('examples', { kind: 'memory' });
  controller = new AbortController();
  files = await picturesOf(stripes(COUNT, wanted));
  pixels = stripes(held, wanted).data;
  labels = labelsOf(held === 1 ? files.length : held);
  model = layersModel(wanted);
  x = tf.tensor(stripes(8, wanted).data, [8, side, side, channels]);
  y = tf.oneHot(tf.tensor1d(labelsOf(8), 'int32'), CLASSES).toFloat();
  bytes = new Uint8Array(await toOnnx(studentFromModel(layersModel(wanted))));
  patch = await personalize({ student, data: labelled }).done;
  trainer = await openTrainer();
  const dictionary = await (await fetch('/models/ppocr_keys_v1.txt')).text();
  digitIndices = [...'0123456789'].map((digit) => dictionary.split('\n').indexOf(digit) + 1);
}

/** A classifier of photos as a bundler of models leaves it: channels first, 224 × 224, a Gemm at its end. */
function classifier(classes: number) {
  const classifierModel = tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [224, 224, 3], filters: 8, kernelSize: 16, strides: 16, activation: 'relu' }),
      tf.layers.globalAveragePooling2d({}),
      tf.layers.dense({ units: classes }),
    ],
  });
  return toOnnx(studentFromModel(classifierModel), { inputLayout: 'channels-first' });
}

/** The files that the blocks load, by address. */
export async function modelFiles(): Promise<Record<string, Uint8Array>> {
  await renew({ side: 28, channels: 1, held: 1 });
  const [ten, thousand] = [await classifier(10), await classifier(1000)];
  return {
    '/teacher.onnx': ten,
    '/models/teacher.onnx': ten,
    '/models/resnet50.onnx': thousand,
    '/models/digits.limbeck': await toBundle(student, { labels: [...'0123456789'] }),
  };
}
