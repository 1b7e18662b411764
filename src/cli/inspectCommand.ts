import { LimbeckError, messageOf } from '../core/errors.ts';
import type { InspectOptions, OnnxDescription } from '../onnx/describe/description.ts';
import { inspectOnnx } from '../onnx/describe/inspect.ts';
import { numberOf, pairs } from './arguments.ts';
import { carryOut } from './carryOut.ts';
import { inspectReport } from './inspectReport.ts';
import { describeStudentFile, type StudentFileDescription, studentReport } from './inspectStudent.ts';
import type { Console } from './openConsole.ts';
import { errorText } from './printable.ts';
import { isStudentFile, readStudentFile } from './studentFile.ts';

const HELP = `Says what models hold, without running them.

Usage
  limbeck inspect [options] MODEL …

MODEL is an ONNX file, a bundle, or the model.json of a tfjs layers model with its weights next to it; of the last two it
says layers and weights.

Options
  --input NAME=1,3,48,48    the shape of an input; may be given several times
  --dimension NAME=1        the length of a free dimension, by its name in the file
  --value NAME=16000        the value of an input of one element, which may decide what runs
  --nodes                   lists every node with its outputs and multiply-adds; of a student, its weights
  --json                    writes JSON: one object, or a list for several files
  -h, --help                this text

Ends with 0, with 1 where a file is no model, with 2 where the command line is wrong.
`;

type Description = OnnxDescription | StudentFileDescription;

interface Request {
  readonly files: readonly string[];
  readonly options: InspectOptions;
  readonly withNodes: boolean;
  readonly asJson: boolean;
}

/** `limbeck inspect`. Returns the exit code. */
export function inspectCommand(args: readonly string[], console: Console): Promise<number> {
  const work = (request: Request) => inspectFiles(request, console);
  return carryOut({ name: 'inspect', help: HELP, read: requestOf, work }, args, console);
}

/** A bad file does not stop the others. */
async function inspectFiles({ files, options, withNodes, asJson }: Request, console: Console): Promise<number> {
  const descriptions: Description[] = [];
  let exitCode = 0;
  for (const file of files) {
    try {
      descriptions.push(await describe(file, options, console));
    } catch (error) {
      // The error of a bad ONNX file names it already.
      const isNamed = error instanceof LimbeckError && error.code === 'invalid-onnx';
      console.writeError(errorText(error, isNamed ? error.message : `${file}: ${messageOf(error)}`));
      exitCode = Math.max(exitCode, isUsage(error) ? 2 : 1);
    }
  }
  if (asJson) console.write(jsonOf(descriptions, files.length > 1, withNodes));
  else {
    for (const [i, one] of descriptions.entries()) {
      if (i > 0) console.write('\n');
      console.writeTitle(one.name);
      console.write(textOf(one, withNodes));
    }
  }
  return exitCode;
}

async function describe(file: string, options: InspectOptions, console: Console): Promise<Description> {
  const bytes = await console.readFile(file);
  if (!isStudentFile(bytes)) return inspectOnnx(bytes, { ...options, name: file });
  const given: readonly (object | undefined)[] = [options.dimensions, options.inputShapes, options.inputValues];
  if (given.some((one) => Object.keys(one ?? {}).length > 0)) {
    throw new LimbeckError('invalid-option', '--input, --dimension and --value are for ONNX files.');
  }
  return describeStudentFile(file, await readStudentFile(file, console));
}

function textOf(one: Description, withNodes: boolean): string {
  return 'form' in one ? studentReport(one, withNodes) : inspectReport(one, withNodes);
}

/** What the arguments ask for; undefined for help. */
async function requestOf(args: readonly string[]): Promise<Request | undefined> {
  const { parseArgs } = await import('node:util');
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      input: { type: 'string', multiple: true },
      dimension: { type: 'string', multiple: true },
      value: { type: 'string', multiple: true },
      nodes: { type: 'boolean' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return undefined;
  if (positionals.length === 0) throw new LimbeckError('invalid-option', 'No file was given.');
  return {
    files: positionals,
    options: {
      inputShapes: pairs('--input', values.input, (text) => (text === '' ? [] : text.split(',').map(numberOf))),
      dimensions: pairs('--dimension', values.dimension, numberOf),
      inputValues: pairs('--value', values.value, numberOf),
    },
    withNodes: values.nodes === true,
    asJson: values.json === true,
  };
}

function isUsage(error: unknown): boolean {
  const ofFiles = ['invalid-onnx', 'bundle-invalid', 'student-invalid'];
  return error instanceof LimbeckError && !ofFiles.includes(error.code);
}

function jsonOf(descriptions: readonly Description[], isList: boolean, withNodes: boolean): string {
  const shown = descriptions.map((one) => {
    if (withNodes || 'form' in one) return one;
    const { nodes: _, weights: __, ...rest } = one;
    return rest;
  });
  const [only] = shown;
  if (!isList && only === undefined) return '';
  return `${JSON.stringify(isList ? shown : only, null, 2)}\n`;
}
