import { LimbeckError, messageOf } from '../core/errors.ts';
import type { InspectOptions, OnnxDescription } from '../onnx/description.ts';
import { inspectOnnx } from '../onnx/inspect.ts';
import { numberOf, pairs } from './arguments.ts';
import { inspectReport } from './inspectReport.ts';
import type { Console } from './openConsole.ts';

const HELP = `Says what ONNX models hold, without running them.

Usage
  limbeck inspect [options] MODEL.onnx …

Options
  --input NAME=1,3,48,48    the shape of an input; may be given several times
  --dimension NAME=1        the length of a free dimension, by its name in the file
  --value NAME=16000        the value of an input of one element, which may decide what runs
  --nodes                   lists every node with its outputs and multiply-adds
  --json                    writes JSON: one object, or a list for several files
  -h, --help                this text

Ends with 0, with 1 where a file is no ONNX model, with 2 where the command line is wrong.
`;

interface Request {
  readonly files: readonly string[];
  readonly options: InspectOptions;
  readonly withNodes: boolean;
  readonly asJson: boolean;
}

/** `limbeck inspect`. Gives the exit code. */
export async function inspectCommand(args: readonly string[], console: Console): Promise<number> {
  let request: Request | undefined;
  try {
    request = await requestOf(args);
  } catch (error) {
    console.writeError(`${messageOf(error)}\nlimbeck inspect --help lists the options.\n`);
    return 2;
  }
  if (request === undefined) {
    console.write(HELP);
    return 0;
  }
  const { files, options, withNodes, asJson } = request;
  const descriptions: OnnxDescription[] = [];
  let exitCode = 0;
  for (const file of files) {
    try {
      descriptions.push(await inspectOnnx(await console.readFile(file), { ...options, name: file }));
    } catch (error) {
      // The sentence about a bad file names it.
      const isNamed = error instanceof LimbeckError && error.code === 'invalid-onnx';
      console.writeError(isNamed ? `${error.message}\n` : `${file}: ${messageOf(error)}\n`);
      exitCode = Math.max(exitCode, isUsage(error) ? 2 : 1);
    }
  }
  if (asJson) console.write(jsonOf(descriptions, files.length > 1, withNodes));
  else console.write(descriptions.map((one) => inspectReport(one, withNodes, console.isTerminal)).join('\n'));
  return exitCode;
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
  return error instanceof LimbeckError && error.code !== 'invalid-onnx';
}

function jsonOf(descriptions: readonly OnnxDescription[], isList: boolean, withNodes: boolean): string {
  const shown = descriptions.map(({ nodes, ...rest }) => (withNodes ? { ...rest, nodes } : rest));
  const [only] = shown;
  if (!isList && only === undefined) return '';
  return `${JSON.stringify(isList ? shown : only, null, 2)}\n`;
}
