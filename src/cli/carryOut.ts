import { isAbortError, LimbeckError, messageOf } from '../core/errors.ts';
import { didYouMean, nearNames } from '../core/nearNames.ts';
import { COMMON, type Command, type Options, type Values } from './command.ts';
import { helpOf } from './help.ts';
import type { Console } from './openConsole.ts';
import { errorText, failureJson } from './printable.ts';

/** 128 and the number of SIGINT, as shells have it. */
const INTERRUPTED = 130;

/**
 * Runs a command. Returns its exit code: 0, 1 if a file is bad or the work fails, 2 if the command line is wrong, 130 if it
 * was interrupted.
 */
export async function carryOut(command: Command, args: readonly string[], console: Console): Promise<number> {
  try {
    const { values, files } = await read(command, args);
    if (values === undefined) {
      console.write(helpOf(command));
      return 0;
    }
    const exitCode = await command.work(values, files, console);
    return typeof exitCode === 'number' ? exitCode : 0;
  } catch (error) {
    const isUsage = error instanceof LimbeckError && error.code === 'invalid-option';
    const said = isUsage ? inItsWords(messageOf(error), command.options) : messageOf(error);
    const message = isAbortError(error) ? 'Interrupted.' : said;
    console.writeError(errorText(isAbortError(error) ? undefined : error, message));
    if (isUsage) console.writeError(`limbeck ${command.name} --help lists the options.\n`);
    if (args.includes('--json')) console.write(failureJson(error, message));
    return isAbortError(error) ? INTERRUPTED : isUsage ? 2 : 1;
  }
}

/** What the arguments say; no values for help. Throws    invalid-option */
async function read(
  command: Command,
  args: readonly string[],
): Promise<{ values?: Values<Options>; files: readonly string[] }> {
  const options: Options = { ...command.options, ...COMMON };
  const { values, positionals } = await parsed(options, args);
  if (values['help'] === true) return { files: [] };
  const read = Object.entries(options).map(([name, { kind, words }]) => {
    const given = values[name];
    if (typeof given === 'string' && words !== undefined && !words.includes(given)) {
      throw new LimbeckError(
        'invalid-option',
        `--${name} was "${given}"; it must be one of ${words.join(', ')}.${didYouMean(given, words)}`,
      );
    }
    return [name, given ?? (kind === 'flag' ? false : kind === 'texts' ? [] : undefined)];
  });
  return { values: Object.fromEntries(read) as Values<Options>, files: positionals };
}

async function parsed(options: Options, args: readonly string[]) {
  const { parseArgs } = await import('node:util');
  try {
    return parseArgs({
      args: args.map((one, i) => guessed(one, args[i + 1], options)),
      allowPositionals: true,
      options: Object.fromEntries(
        Object.entries(options).map(([name, { kind, short }]) => [
          name,
          {
            type: kind === 'flag' ? ('boolean' as const) : ('string' as const),
            multiple: kind === 'texts',
            ...(short !== undefined && { short }),
          },
        ]),
      ),
    });
  } catch (error) {
    throw new LimbeckError('invalid-option', unknownOption(error, options) ?? messageOf(error), { cause: error });
  }
}

/** In place of Node's advice, which is about files whose names begin with "-"; undefined for any other mistake. */
function unknownOption(error: unknown, options: Options): string | undefined {
  if ((error as { code?: unknown }).code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return undefined;
  const [, given] = /'(-[^']*)'/.exec(messageOf(error)) ?? [];
  if (given === undefined) return undefined;
  const [near] = nearNames(given.replace(/^-+/, ''), Object.keys(options), 1);
  return `There is no option ${given}.${near === undefined ? '' : ` Did you mean --${near}?`}`;
}

/** The short ways that people guess. */
function guessed(given: string, next: string | undefined, options: Options): string {
  if (/^--out(=|$)/.test(given)) return `--output${given.slice(5)}`;
  const isFile = given === '--json' && options['json-file'] !== undefined && /^[^-].*\.json$/i.test(next ?? '');
  return isFile ? '--json-file' : given;
}

/** A message of the API that names an option of its own names the command's. */
function inItsWords(message: string, options: Options): string {
  return Object.entries(options).reduce(
    (text, [name, { api }]) => (api === undefined ? text : text.replaceAll(`"${api}"`, `--${name}`)),
    message,
  );
}
