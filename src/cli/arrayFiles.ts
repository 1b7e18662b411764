import { LimbeckError, messageOf } from '../core/errors.ts';
import type { NamedArrays, NdArray } from '../core/shape.ts';
import { readNpy } from '../data/npy.ts';
import { unpackZip } from '../student/files/bundle.ts';
import type { Console } from './openConsole.ts';

/** What an .npz may unpack to. */
const MOST_BYTES = 2 ** 32;

/**
 * `NAME=FILE.npy` or `FILE.npy` of an option, by name; one without a name is called `otherwise`. `FILE.npz` gives every array
 * that it holds, under its own name.
 */
export async function readArrays(
  option: string,
  given: readonly string[],
  otherwise: string,
  console: Console,
): Promise<NamedArrays> {
  const arrays: Record<string, NdArray> = {};
  const add = (name: string, array: NdArray) => {
    if (Object.hasOwn(arrays, name)) throw new LimbeckError('invalid-option', `${option} gives "${name}" twice.`);
    arrays[name] = array;
  };
  for (const one of given) {
    if (isNpz(one)) {
      for (const [name, array] of Object.entries(await readNpz(one, console))) add(name, array);
      continue;
    }
    const at = one.indexOf('=');
    const [name, file] = at > 0 ? [one.slice(0, at), one.slice(at + 1)] : [otherwise, one];
    add(name, await readArray(file, console));
  }
  return arrays;
}

export function isNpz(file: string): boolean {
  return /\.npz$/i.test(file);
}

/** Throws    an error that blames the file, not the command line */
export async function readArray(file: string, console: Console): Promise<NdArray> {
  return read(await console.readFile(file), file);
}

/** The arrays of `numpy.savez` or `numpy.savez_compressed`, by name. Throws    read-failed, and what `readArray` throws */
export async function readNpz(file: string, console: Console): Promise<NamedArrays> {
  const refuse = (why: string, cause?: unknown) =>
    new LimbeckError('read-failed', `"${file}" is no .npz file of numpy: ${why}.`, { details: { file }, cause });
  const files = unpackZip(await console.readFile(file), MOST_BYTES, refuse);
  const arrays = [...files].filter(([name]) => name.endsWith('.npy'));
  if (arrays.length === 0) throw refuse('it holds no array');
  return Object.fromEntries(arrays.map(([name, bytes]) => [name.slice(0, -4), read(bytes, `${file}: ${name}`)]));
}

function read(bytes: Uint8Array, name: string): NdArray {
  try {
    return readNpy(bytes, name);
  } catch (error) {
    throw new Error(messageOf(error), { cause: error });
  }
}
