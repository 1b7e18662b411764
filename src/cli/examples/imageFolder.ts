import { LimbeckError, messageOf } from '../../core/errors.ts';
import { bytes as bytesText, count } from '../../core/figures.ts';
import type { NdArray } from '../../core/shape.ts';
import { toImageInput } from '../../teacher/input/imageInput.ts';
import type { Console } from '../openConsole.ts';
import type { Progress } from '../progress.ts';
import { decodeImage } from './decodeImage.ts';

/** How the pictures of a folder become examples. */
export interface ImageForm {
  /** Height and width in pixels. Default: those of the first picture. */
  readonly size: readonly [number, number] | undefined;
  readonly channels: 1 | 3;
  readonly fit: 'stretch' | 'contain' | 'cover';
}

/** Pictures [N, H, W, channels] as bytes, and their classes if they lie in folders of their class. */
export interface ImageExamples {
  readonly images: NdArray;
  readonly labels?: Int32Array;
  readonly names?: readonly string[];
}

const IMAGE = /\.(png|jpe?g)$/i;
/** One array of the engine, and what a command may take of a machine. */
const MOST_BYTES = 2 ** 31 - 1;

/**
 * Reads FOLDER/CLASS/*.png (or .jpg), or FOLDER/*.png without classes.
 * Throws    empty-dataset: no picture · image-unreadable: one that does not decode · out-of-memory: too many · AbortError
 */
export async function readImageFolder(
  folder: string,
  form: ImageForm,
  { console, progress, signal }: { console: Console; progress: Progress; signal: AbortSignal },
): Promise<ImageExamples> {
  const entries = (await console.listFolder(folder)) ?? [];
  const files = entries.filter((name) => IMAGE.test(name)).map((name) => ({ path: `${folder}/${name}`, label: -1 }));
  const names: string[] = [];
  for (const name of entries.filter((one) => one.endsWith('/') && !one.startsWith('.'))) {
    const inside = ((await console.listFolder(`${folder}/${name}`)) ?? []).filter((one) => IMAGE.test(one));
    if (inside.length === 0) continue;
    files.push(...inside.map((one) => ({ path: `${folder}/${name}${one}`, label: names.length })));
    names.push(name.slice(0, -1));
  }
  const [first] = files;
  if (first === undefined) {
    throw new LimbeckError(
      'empty-dataset',
      `"${folder}" has no pictures: give FOLDER/CLASS/*.png (or .jpg), or FOLDER/*.png where no classes are needed.`,
    );
  }
  if (names.length > 0 && first.label === -1) {
    throw new LimbeckError(
      'labels-missing',
      `"${folder}" has pictures beside the folders ${names.slice(0, 3).join(', ')}. Put each into the folder of its class.`,
    );
  }
  let out: Uint8Array | undefined;
  let [height, width] = form.size ?? [0, 0];
  for (const [i, { path }] of files.entries()) {
    signal.throwIfAborted();
    const image = await decode(path, form.channels, console);
    if (out === undefined) {
      if (form.size === undefined) [, height = 0, width = 0] = image.shape;
      out = makeRoom(files.length, height * width * form.channels);
    }
    const { data } = fitted(image, [height, width], form);
    out.set(data as Uint8Array, i * data.length);
    progress.set('read', i + 1, files.length, `${count(i + 1)} of ${count(files.length)} pictures`);
  }
  const images = { data: out as Uint8Array, shape: [files.length, height, width, form.channels] };
  if (names.length === 0) return { images };
  return { images, names, labels: Int32Array.from(files, ({ label }) => label) };
}

async function decode(path: string, channels: 1 | 3, console: Console): Promise<NdArray> {
  const bytes = await console.readFile(path);
  try {
    return await decodeImage(bytes, channels);
  } catch (error) {
    throw new LimbeckError('image-unreadable', `"${path}" could not be decoded: ${messageOf(error)}.`, {
      cause: error,
    });
  }
}

function makeRoom(examples: number, each: number): Uint8Array {
  if (examples * each <= MOST_BYTES) return new Uint8Array(examples * each);
  throw new LimbeckError(
    'out-of-memory',
    `${count(examples)} pictures take ${bytesText(examples * each)} of memory; there is room for ${bytesText(MOST_BYTES)}. ` +
      'Give a smaller --size, or fewer pictures.',
  );
}

function fitted(image: NdArray, size: readonly [number, number], { channels, fit }: ImageForm): NdArray {
  const [, height, width] = image.shape;
  if (height === size[0] && width === size[1]) return image;
  return toImageInput(image, { size, fit, channels, layout: 'nhwc', dtype: 'uint8', antialias: 'yes' });
}
