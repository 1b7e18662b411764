import { LimbeckError, messageOf } from '../core/errors.ts';
import type { InspectOptions, OnnxDescription } from '../onnx/describe/description.ts';
import { inspectOnnx } from '../onnx/describe/inspect.ts';
import { numberOf, pairs } from './arguments.ts';
import { command } from './command.ts';
import { inspectReport } from './inspectReport.ts';
import { describeStudentFile, type StudentFileDescription, studentReport } from './inspectStudent.ts';
import type { Console } from './openConsole.ts';
import { errorText, failureJson, jsonText } from './printable.ts';
import { isStudentFile, readStudentFile } from './studentFile.ts';

type Description = OnnxDescription | StudentFileDescription;

interface Request {
  readonly files: readonly string[];
  readonly options: InspectOptions;
  readonly withNodes: boolean;
  readonly asJson: boolean;
}

export const inspectCommand = command({
  name: 'inspect',
  summary: 'says what models hold: shapes, operators, parameters, multiply-adds',
  usage: '[options] MODEL …',
  about: `Nothing is run. MODEL is an ONNX file, a bundle, or the model.json of a tfjs layers model with its weights next to it; of the last two it
says layers and weights.`,
  options: {
    input: { kind: 'texts', value: 'NAME=1,3,48,48', help: 'the shape of an input', api: 'inputShapes' },
    dimension: {
      kind: 'texts',
      value: 'NAME=1',
      help: 'the length of a free dimension, by its name in the file',
      api: 'dimensions',
    },
    value: {
      kind: 'texts',
      value: 'NAME=16000',
      help: 'the value of an input of one element, which may decide what runs',
      api: 'inputValues',
    },
    nodes: {
      kind: 'flag',
      help: 'lists every node with its outputs and multiply-adds; of a student, its weights',
    },
  },
  fails: 'where a file is no model',
  work: ({ input, dimension, value, nodes, json }, files, console) => {
    if (files.length === 0) throw new LimbeckError('invalid-option', 'No file was given.');
    const options = {
      inputShapes: pairs('--input', input, (text) => (text === '' ? [] : text.split(',').map(numberOf))),
      dimensions: pairs('--dimension', dimension, numberOf),
      inputValues: pairs('--value', value, numberOf),
    };
    return inspectFiles({ files, options, withNodes: nodes, asJson: json }, console);
  },
});

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
      const message = isNamed ? error.message : `${file}: ${messageOf(error)}`;
      console.writeError(errorText(error, message));
      // Of several files, those that can be read are listed.
      if (asJson && files.length === 1) console.write(failureJson(error, message));
      exitCode = Math.max(exitCode, isUsage(error) ? 2 : 1);
    }
  }
  if (asJson) {
    if (descriptions.length > 0 || files.length > 1) console.write(jsonOf(descriptions, files.length > 1, withNodes));
  } else {
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
  return jsonText(isList ? shown : shown[0]);
}
