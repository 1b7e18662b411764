import { assetsCommand } from './assetsCommand.ts';
import { exportCommand } from './exportCommand.ts';
import { inspectCommand } from './inspectCommand.ts';
import type { Console } from './openConsole.ts';
import { printableConsole } from './printable.ts';
import { quantizeCommand } from './quantizeCommand.ts';
import { runCommand } from './runCommand.ts';

const HELP = `limbeck: knowledge distillation in the browser

Usage
  limbeck inspect MODEL …         what a model holds: shapes, operators, parameters, multiply-adds
  limbeck export STUDENT          a student as ONNX, tfjs, safetensors or bundle
  limbeck quantize MODEL.onnx     int8, float16, int4, checked against a tolerance
  limbeck run MODEL               the answers for examples, and the time they take
  limbeck assets --to DIR         the files that limbeck fetches, copied for your server

  limbeck COMMAND --help          the options of a command
`;

const COMMANDS: Readonly<Record<string, (args: readonly string[], console: Console) => Promise<number>>> = {
  inspect: inspectCommand,
  export: exportCommand,
  quantize: quantizeCommand,
  run: runCommand,
  assets: assetsCommand,
};

/** Runs one command. Returns the exit code: 0, 1 if a file is bad, 2 if the command line is wrong. */
export async function main(args: readonly string[], given: Console): Promise<number> {
  const console = printableConsole(given);
  const [command, ...rest] = args;
  const known = command !== undefined && Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined;
  if (known !== undefined) return known(rest, console);
  if (command === '--help' || command === '-h' || command === 'help') {
    console.write(HELP);
    return 0;
  }
  const said = command === undefined ? 'No command was given.' : `There is no command "${command}".`;
  console.writeError(`${said}\n\n${HELP}`);
  return 2;
}
