import { didYouMean } from '../core/nearNames.ts';
import { VERSIONS } from '../core/versions.ts';
import { carryOut } from './carryOut.ts';
import { COMMANDS } from './commands.ts';
import { overview } from './help.ts';
import type { Console } from './openConsole.ts';
import { oneLine, printableConsole } from './printable.ts';

/** Runs one command line. Returns the exit code: see `carryOut`. */
export async function main(args: readonly string[], given: Console): Promise<number> {
  const console = printableConsole(given);
  const [first, ...rest] = args;
  const known = COMMANDS.find(({ name }) => name === first);
  if (known !== undefined) return carryOut(known, rest, console);
  if (first === '--help' || first === '-h' || first === 'help') {
    const about = COMMANDS.find(({ name }) => name === rest[0]);
    if (about !== undefined) return carryOut(about, ['--help'], console);
    console.write(overview(COMMANDS));
    return 0;
  }
  if (first === '--version' || first === '-V') {
    console.write(`${VERSIONS.limbeck}\n`);
    return 0;
  }
  console.writeError(`${unknown(first)}\n\n${overview(COMMANDS)}`);
  return 2;
}

function unknown(given: string | undefined): string {
  if (given === undefined) return 'No command was given.';
  const names = COMMANDS.map(({ name }) => name);
  return `There is no command "${oneLine(given)}".${didYouMean(given, names)}`;
}
