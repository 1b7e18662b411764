import { LimbeckError, messageOf } from '../core/errors.ts';
import type { NamedArrays, NdArray } from '../core/shape.ts';
import { readNpy } from '../data/npy.ts';
import type { Console } from './openConsole.ts';

/** `NAME=FILE.npy` or `FILE.npy` of an option, by name; one without a name is called `otherwise`. */
export async function readArrays(
  option: string,
  given: readonly string[],
  otherwise: string,
  console: Console,
): Promise<NamedArrays> {
  const arrays: Record<string, NdArray> = {};
  for (const one of given) {
    const at = one.indexOf('=');
    const [name, file] = at > 0 ? [one.slice(0, at), one.slice(at + 1)] : [otherwise, one];
    if (Object.hasOwn(arrays, name)) throw new LimbeckError('invalid-option', `${option} gives "${name}" twice.`);
    arrays[name] = await readArray(file, console);
  }
  return arrays;
}

/** Throws    an error that blames the file, not the command line */
export async function readArray(file: string, console: Console): Promise<NdArray> {
  const bytes = await console.readFile(file);
  try {
    return readNpy(bytes, file);
  } catch (error) {
    throw new Error(messageOf(error), { cause: error });
  }
}
