import { LimbeckError, messageOf } from '../core/errors.ts';
import type { Console } from './openConsole.ts';

/** `NAME=VALUE` of an option that may be given several times; the name may hold anything, a `=` too. */
export function pairs<T>(option: string, given: readonly string[] = [], read: (text: string) => T): Record<string, T> {
  return Object.fromEntries(
    given.map((one) => {
      const at = one.lastIndexOf('=');
      if (at <= 0) throw new LimbeckError('invalid-option', `${option} was "${one}"; it must be NAME=VALUE.`);
      return [one.slice(0, at), read(one.slice(at + 1))];
    }),
  );
}

export function numberOf(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isFinite(value)) return value;
  throw new LimbeckError('invalid-option', `"${text}" is no number.`);
}

/** One of several words, or undefined where none was given. */
export function wordOf<T extends string>(
  option: string,
  given: string | undefined,
  words: readonly T[],
): T | undefined {
  if (given === undefined || (words as readonly string[]).includes(given)) return given as T | undefined;
  throw new LimbeckError('invalid-option', `${option} was "${given}"; it must be ${words.join(', ')}.`);
}

/** The only file that was named. */
export function onlyFile(files: readonly string[]): string {
  const [file] = files;
  if (file === undefined) throw new LimbeckError('invalid-option', 'No file was given.');
  if (files.length > 1) {
    throw new LimbeckError('invalid-option', `${files.length} files were given (${files.join(', ')}); it takes one.`);
  }
  return file;
}

/** A file that must be named. */
export function outputFile(given: string | undefined): string {
  if (given !== undefined && given !== '') return given;
  throw new LimbeckError('invalid-option', 'Say where to write it: --output FILE.');
}

interface Command<Request> {
  /** Its name, for messages. */
  readonly name: string;
  readonly help: string;
  /** What the arguments ask for; undefined for help. Throws where they are wrong. */
  readonly read: (args: readonly string[]) => Promise<Request | undefined>;
  readonly work: (request: Request) => Promise<void>;
}

/** Runs a command. Gives its exit code: 0, 1 where a file or the work is bad, 2 where the command line is. */
export async function runCommand<Request>(
  { name, help, read, work }: Command<Request>,
  args: readonly string[],
  console: Console,
): Promise<number> {
  let request: Request | undefined;
  try {
    request = await read(args);
  } catch (error) {
    console.writeError(`${messageOf(error)}\nlimbeck ${name} --help lists the options.\n`);
    return 2;
  }
  if (request === undefined) {
    console.write(help);
    return 0;
  }
  try {
    await work(request);
    return 0;
  } catch (error) {
    console.writeError(`${messageOf(error)}\n`);
    return error instanceof LimbeckError && error.code === 'invalid-option' ? 2 : 1;
  }
}
