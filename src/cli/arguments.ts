import { LimbeckError } from '../core/errors.ts';

/** `NAME=VALUE` of an option that may be given several times; the name may contain anything, even `=`. */
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

/** The only file argument. */
export function onlyFile(files: readonly string[]): string {
  const [file] = files;
  if (file === undefined) throw new LimbeckError('invalid-option', 'No file was given.');
  if (files.length > 1) {
    throw new LimbeckError('invalid-option', `${files.length} files were given (${files.join(', ')}); it takes one.`);
  }
  return file;
}

/** Where a command writes. */
export const outputOption = (help: string) =>
  ({ kind: 'text', short: 'o', value: 'FILE', help: `${help}; missing folders are made` }) as const;

/** A required file argument. */
export function outputFile(given: string | undefined): string {
  if (given !== undefined && given !== '') return given;
  throw new LimbeckError('invalid-option', 'Say where to write it: --output FILE.');
}
