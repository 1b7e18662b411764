// Runs command lines on files in memory, for tests.
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { seededRandom } from '../core/random.ts';
import { writeNpy } from '../data/npy.ts';
import { ortAssets } from '../runtime/cases/assetCases.ts';
import * as tf from '../runtime/tf.ts';
import { artifactsOf } from '../student/layersModel.ts';
import { type Student, studentFromArtifacts } from '../student/student.ts';
import { main } from './main.ts';
import { lines } from './progress.ts';

export type Files = Record<string, Uint8Array>;

/** How a command line is run: on a terminal, or with what ends it. */
export interface RunOptions {
  readonly isTerminal?: boolean;
  readonly signal?: AbortSignal;
  readonly assetBase?: string;
}

/** Runs a command line; files come from `files`, or from the repository, and go to `files`. */
export async function runLine(
  args: readonly string[],
  files: Files = {},
  { isTerminal = false, signal = new AbortController().signal, assetBase = ortAssets() }: RunOptions = {},
) {
  let [out, error] = ['', ''];
  const written: string[] = [];
  const read = async (path: string) =>
    files[path.replace(/^\.\//, '')] ?? new Uint8Array(await readFile(resolve(import.meta.dirname, '../..', path)));
  const code = await main(args, {
    write: (text) => {
      out += text;
    },
    writeError: (text) => {
      error += text;
    },
    writeTitle: (text) => {
      out += isTerminal ? `\u001b[1m${text}\u001b[0m\n` : `${text}\n`;
    },
    readFile: read,
    readBeside: (file, path) => read(join(dirname(file), path)),
    writeFile: async (path, data) => {
      written.push(path);
      files[path] = typeof data === 'string' ? new TextEncoder().encode(data) : data;
    },
    listFolder: async (path) => namesIn(path, files),
    interrupt: () => signal,
    openProgress: async () =>
      lines((text) => {
        error += text;
      }),
    assetBase,
  });
  return { code, out, error, written };
}

/** What a folder of these files lists; undefined if it is none. */
function namesIn(folder: string, files: Files): string[] | undefined {
  const plain = folder.replace(/^\.(\/|$)/, '').replace(/\/+$/, '');
  const start = plain === '' ? '' : `${plain}/`;
  const below = Object.keys(files).flatMap((path) => (path.startsWith(start) ? [path.slice(start.length)] : []));
  if (below.length === 0 && Object.hasOwn(files, folder)) return undefined;
  if (below.length === 0) throw new Error(`ENOENT: no such file or directory, "${folder}"`);
  return [...new Set(below.map((path) => path.replace(/\/.*/, '/')))].sort();
}

/** A student that knows three stripes apart: its weights are set, not learned. */
export async function stripes(): Promise<Student> {
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [6, 6, 1], filters: 4, kernelSize: 3, activation: 'relu', name: 'conv' }),
      tf.layers.batchNormalization({ name: 'norm' }),
      tf.layers.flatten({ name: 'flat' }),
      tf.layers.dense({ units: 3, name: 'head' }),
    ],
  });
  tf.tidy(() => {
    const random = seededRandom(5);
    model.setWeights(
      model.weights.map(({ shape, originalName }) => {
        const size = shape.reduce<number>((product, length) => product * (length ?? 1), 1);
        const values = Float32Array.from({ length: size }, () =>
          originalName.includes('variance') ? 0.5 + random() : random() - 0.5,
        );
        return tf.tensor(values, shape as number[]);
      }),
    );
  });
  const artifacts = await artifactsOf(model);
  model.dispose();
  return studentFromArtifacts('stripes', artifacts);
}

/** Examples for it. */
export function pictures(count: number, shape: readonly number[] = [6, 6, 1]): Uint8Array {
  const random = seededRandom(9);
  const size = shape.reduce((product, length) => product * length, count);
  return writeNpy({ data: Float32Array.from({ length: size }, () => 2 * random() - 1), shape: [count, ...shape] });
}
