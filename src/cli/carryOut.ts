import { LimbeckError, messageOf } from '../core/errors.ts';
import type { Console } from './openConsole.ts';
import { errorText, faultText } from './printable.ts';

interface Command<Request> {
  /** Its name, for messages. */
  readonly name: string;
  readonly help: string;
  /** What the arguments ask for; undefined for help. Throws if they are wrong. */
  readonly read: (args: readonly string[]) => Promise<Request | undefined>;
  /** May return an exit code; otherwise it is 0. */
  readonly work: (request: Request) => Promise<unknown>;
}

/** Runs a command. Returns its exit code: 0, 1 if a file is bad or the work fails, 2 if the command line is wrong. */
export async function carryOut<Request>(
  { name, help, read, work }: Command<Request>,
  args: readonly string[],
  console: Console,
): Promise<number> {
  let request: Request | undefined;
  try {
    request = await read(args);
  } catch (error) {
    console.writeError(`${faultText(messageOf(error))}limbeck ${name} --help lists the options.\n`);
    return 2;
  }
  if (request === undefined) {
    console.write(help);
    return 0;
  }
  try {
    const exitCode = await work(request);
    return typeof exitCode === 'number' ? exitCode : 0;
  } catch (error) {
    console.writeError(errorText(error));
    return error instanceof LimbeckError && error.code === 'invalid-option' ? 2 : 1;
  }
}
