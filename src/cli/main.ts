import { inspectCommand } from './inspectCommand.ts';
import type { Console } from './openConsole.ts';

const HELP = `limbeck: knowledge distillation in the browser

Usage
  limbeck inspect MODEL.onnx …    what a model holds: shapes, operators, parameters, multiply-adds

  limbeck COMMAND --help          the options of a command
`;

/** Runs one command. Gives the exit code: 0, or 1 where a file is bad, or 2 where the command line is. */
export async function main(args: readonly string[], console: Console): Promise<number> {
  const [command, ...rest] = args;
  if (command === 'inspect') return inspectCommand(rest, console);
  if (command === '--help' || command === '-h' || command === 'help') {
    console.write(HELP);
    return 0;
  }
  const said = command === undefined ? 'No command was given.' : `There is no command "${command}".`;
  console.writeError(`${said}\n\n${HELP}`);
  return 2;
}
