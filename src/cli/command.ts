import type { Console } from './openConsole.ts';

/** One option of a command: what help, completion and the parser know of it. */
export interface Option {
  readonly kind: 'flag' | 'text' | 'texts';
  readonly short?: string;
  /** What stands behind it in the help, such as FILE; for a choice, its words. */
  readonly value?: string;
  /** The words that it may be. */
  readonly words?: readonly string[];
  readonly help: string;
  /** What the same thing is called in the API, whose messages then name this option instead. */
  readonly api?: string;
}

export type Options = Readonly<Record<string, Option>>;

/** What every command takes. */
export const COMMON = {
  json: { kind: 'flag', help: 'writes JSON; of a failure, its code and message' },
  help: { kind: 'flag', short: 'h', help: 'this text' },
} as const satisfies Options;

type ValueOf<O extends Option> = O extends { kind: 'flag' }
  ? boolean
  : O extends { kind: 'texts' }
    ? readonly string[]
    : O extends { words: readonly (infer W)[] }
      ? W | undefined
      : string | undefined;

/** What a command line gave: flags are false and lists empty where it gave none. */
export type Values<O extends Options> = { readonly [K in keyof O]: ValueOf<O[K]> } & { readonly json: boolean };

/** A command: its file is all that there is of it, and a line in `commands.ts`. */
export interface Command<O extends Options = Options> {
  readonly name: string;
  /** What it does, as the list of commands says it. */
  readonly summary: string;
  /** What stands behind its name, such as "[options] MODEL …". */
  readonly usage: string;
  /** What else there is to know, in paragraphs. */
  readonly about?: string;
  readonly options: O;
  /** When it ends with 1. */
  readonly fails: string;
  /** The words of a command's only argument, for completion. */
  readonly words?: readonly string[];
  /**
   * May return an exit code, or a promise of one; otherwise it is 0.
   * Throws    invalid-option: the command line is wrong · anything else: the work failed
   */
  // A method, so that a command with options of its own is a command of any.
  work(values: Values<O>, files: readonly string[], console: Console): unknown;
}

/** A command whose `work` gets values of the types that its options say. */
export function command<const O extends Options>(definition: Command<O>): Command {
  return definition as unknown as Command;
}
