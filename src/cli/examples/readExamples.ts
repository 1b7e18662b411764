import { LimbeckError } from '../../core/errors.ts';
import type { NamedArrays, NdArray } from '../../core/shape.ts';
import { fromArrays } from '../../data/arrays.ts';
import { type Dataset, DEFAULT_INPUT } from '../../data/dataset.ts';
import { isNpz, readArray, readArrays, readNpz } from '../arrayFiles.ts';
import type { Console } from '../openConsole.ts';
import type { Progress } from '../progress.ts';
import { readCsv } from './csvTable.ts';
import { type ImageForm, readImageFolder } from './imageFolder.ts';

/** The options of a command that reads examples. */
export const EXAMPLE_OPTIONS = {
  data: {
    kind: 'texts',
    value: 'WHAT',
    help:
      'examples: a folder of pictures (FOLDER/CLASS/*.png or .jpg, or FOLDER/*.png), a table FILE.csv, or arrays [N, …] as ' +
      'FILE.npy, NAME=FILE.npy or FILE.npz of numpy',
    api: 'data',
  },
  labels: {
    kind: 'text',
    value: 'FILE.npy',
    help: 'the class of each example, 0, 1, …; default: the folders, the column, or "labels" or "y" of an .npz',
    api: 'labels',
  },
  'label-column': {
    kind: 'text',
    value: 'NAME',
    help: 'of a table: the column of classes; default: "label", "class" or "target"',
  },
  size: {
    kind: 'text',
    value: 'HxW',
    help: "of pictures: what they are scaled to; default: the model's, or the first's",
  },
  grey: { kind: 'flag', help: 'pictures have one channel; default: as the model takes them, else three' },
  fit: {
    kind: 'text',
    words: ['stretch', 'contain', 'cover'],
    help: 'of pictures with other proportions; default: stretch',
  },
} as const;

export interface ExampleValues {
  readonly data: readonly string[];
  readonly labels: string | undefined;
  readonly 'label-column': string | undefined;
  readonly size: string | undefined;
  readonly grey: boolean;
  readonly fit: ImageForm['fit'] | undefined;
}

/** Examples, what their classes are called where that is known, and whether they are pictures. */
export interface ReadExamples {
  readonly data: Dataset;
  readonly names?: readonly string[];
  readonly arePictures: boolean;
}

/** What a model takes, where it is clear: the default of pictures. */
export interface WantedImages {
  readonly size: readonly [number, number] | undefined;
  readonly channels: 1 | 3;
}

/** Names under which an .npz holds classes. */
const LABEL_ARRAYS = ['labels', 'y'];

/**
 * Throws    invalid-option: no --data, or two kinds of it · shape-mismatch: labels of another number · what the files throw
 */
export async function readExamples(
  values: ExampleValues,
  wanted: WantedImages | undefined,
  work: { console: Console; progress: Progress; signal: AbortSignal },
): Promise<ReadExamples> {
  const [first, ...more] = values.data;
  if (first === undefined) {
    throw new LimbeckError('invalid-option', 'Give examples: --data FOLDER, FILE.csv, FILE.npy or FILE.npz.');
  }
  const { console } = work;
  const given = values.labels === undefined ? undefined : await readArray(values.labels, console);
  if (isNpz(first) || /\.npy$/i.test(first)) return ofArrays(values.data, given, console);
  if (more.length > 0)
    throw new LimbeckError('invalid-option', '--data takes several .npy files, or one of anything else.');
  if (/\.(csv|tsv)$/i.test(first)) {
    const text = new TextDecoder().decode(await console.readFile(first));
    const { table, labels, names } = await readCsv(text, first, values['label-column']);
    return { data: dataset(table, given ?? labels), arePictures: false, ...(names && { names }) };
  }
  if ((await console.listFolder(first)) === undefined) {
    throw new LimbeckError(
      'invalid-option',
      `--data was "${first}"; it must be a folder, or end in .npy, .npz or .csv.`,
    );
  }
  const form: ImageForm = {
    size: values.size === undefined ? wanted?.size : sizeOf(values.size),
    channels: values.grey ? 1 : (wanted?.channels ?? 3),
    fit: values.fit ?? 'stretch',
  };
  const { images, labels, names } = await readImageFolder(first.replace(/(?<=.)\/+$/, ''), form, work);
  return { data: dataset(images, given ?? labels), arePictures: true, ...(names && { names }) };
}

async function ofArrays(files: readonly string[], given: NdArray | undefined, console: Console): Promise<ReadExamples> {
  const [first] = files;
  let arrays: NamedArrays;
  let labels: NdArray | undefined;
  if (first !== undefined && files.length === 1 && isNpz(first)) {
    const all = await readNpz(first, console);
    const name = LABEL_ARRAYS.find((one) => Object.hasOwn(all, one));
    const { [name ?? '']: own, ...inputs } = all;
    labels = own;
    const only = Object.values(inputs);
    // With one input its name says nothing: the model has one too.
    arrays = only.length === 1 ? { [DEFAULT_INPUT]: only[0] as NdArray } : inputs;
  } else arrays = await readArrays('--data', files, DEFAULT_INPUT, console);
  return { data: dataset(arrays, given ?? labels), arePictures: false };
}

function dataset(inputs: NdArray | NamedArrays, labels: NdArray | Int32Array | undefined): Dataset {
  if (labels === undefined) return fromArrays(inputs);
  return fromArrays(inputs, Int32Array.from(ArrayBuffer.isView(labels) ? labels : labels.data));
}

/** "32" or "28x28": height and width. */
function sizeOf(text: string): [number, number] {
  const [, height = '', width = height] = /^(\d{1,5})(?:[x×](\d{1,5}))?$/.exec(text) ?? [];
  const size: [number, number] = [Number(height), Number(width)];
  if (size[0] > 0 && size[1] > 0) return size;
  throw new LimbeckError('invalid-option', `--size was "${text}"; it must be pixels, as 32 or 28x28 (height, width).`);
}
