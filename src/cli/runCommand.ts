import { LimbeckError } from '../core/errors.ts';
import { countOf, duration, percent } from '../core/figures.ts';
import { checkCount } from '../core/options.ts';
import type { NdArray } from '../core/shape.ts';
import { argMax, median } from '../core/stats.ts';
import { timePasses } from '../core/timing.ts';
import { writeNpy } from '../data/npy.ts';
import type { EngineName } from '../predict/engine.ts';
import type { Prediction } from '../predict/loadedStudent.ts';
import { loadStudent } from '../predict/loadStudent.ts';
import type { PredictSource } from '../predict/readSource.ts';
import { numberOf, onlyFile, wordOf } from './arguments.ts';
import { readArray, readArrays } from './arrayFiles.ts';
import { carryOut } from './carryOut.ts';
import type { Console } from './openConsole.ts';
import { reportText } from './printable.ts';
import { quietTfjs } from './quietTfjs.ts';
import { isStudentFile, readStudentFile } from './studentFile.ts';

const HELP = `Runs a student, or any ONNX model, on examples.

Usage
  limbeck run [options] --input NAME=FILE.npy MODEL

MODEL is a bundle, an ONNX file, or the model.json of a tfjs layers model with its weights next to it.

Options
  --input NAME=FILE.npy    examples [N, …] as numpy saves them; NAME may be left out where the model has one input
  --labels FILE.npy        the class of each example: the accuracy is told
  --output FOLDER          writes each output as FOLDER/NAME.npy
  --engine ENGINE          onnxruntime or tfjs; default: the faster of those that the file allows
  --repeat N               runs N times more and tells the median milliseconds
  --json                   writes JSON
  -h, --help               this text

Ends with 0, with 1 where the model fails, with 2 where the command line is wrong.
`;

interface Request {
  readonly file: string;
  readonly inputs: readonly string[];
  readonly labels: string | undefined;
  readonly output: string | undefined;
  readonly engine: EngineName | undefined;
  readonly repeat: number;
  readonly asJson: boolean;
}

/** `limbeck run`. Returns the exit code. */
export function runCommand(args: readonly string[], console: Console): Promise<number> {
  const work = (request: Request) => runFile(request, console);
  return carryOut({ name: 'run', help: HELP, read: requestOf, work }, args, console);
}

async function requestOf(args: readonly string[]): Promise<Request | undefined> {
  const { parseArgs } = await import('node:util');
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      input: { type: 'string', multiple: true },
      labels: text,
      output: { type: 'string', short: 'o' },
      engine: text,
      repeat: text,
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return undefined;
  if (values.input === undefined) throw new LimbeckError('invalid-option', 'Give examples: --input FILE.npy.');
  const repeat = values.repeat === undefined ? 0 : checkCount(numberOf(values.repeat), '--repeat', 0);
  return {
    file: onlyFile(positionals),
    inputs: values.input,
    labels: values.labels,
    output: values.output,
    engine: wordOf('--engine', values.engine, ['onnxruntime', 'tfjs'] as const),
    repeat,
    asJson: values.json === true,
  };
}

/** File names of outputs; names that some file system would not tell apart are numbered. */
export function namesOfFiles(outputs: readonly string[]): string[] {
  const taken = new Set<string>();
  return outputs.map((output) => {
    const plain = output.replaceAll(/[^\w.-]/g, '_');
    let name = plain;
    for (let i = 2; taken.has(name.toLowerCase()); i++) name = `${plain}-${i}`;
    taken.add(name.toLowerCase());
    return name;
  });
}

async function runFile(request: Request, console: Console): Promise<void> {
  const { file, engine, output, asJson } = request;
  const bytes = await console.readFile(file);
  const isStudent = isStudentFile(bytes);
  const source: PredictSource = isStudent ? await studentSource(file, bytes, console) : bytes;
  const arrays = await readArrays('--input', request.inputs, 'input', console);
  await using student = await loadStudent(source, {
    worker: 'none',
    name: file,
    ...(engine && { engine }),
    ...(console.assetBase !== undefined && { assetBase: console.assetBase }),
  });
  const prediction = await student.predict(arrays);
  const times = await timePasses(() => student.predict(arrays), request.repeat);
  const accuracy = await accuracyOf(prediction, request.labels, console);
  if (output !== undefined) {
    const fileNames = namesOfFiles(Object.keys(prediction.outputs));
    for (const [i, array] of Object.values(prediction.outputs).entries())
      await console.writeFile(`${output}/${fileNames[i]}.npy`, writeNpy(array));
  }
  const result = {
    engine: student.description.engine,
    why: student.description.why,
    threads: student.description.threads,
    outputs: Object.fromEntries(Object.entries(prediction.outputs).map(([name, { shape }]) => [name, shape])),
    ...(prediction.labels && { labels: prediction.labels }),
    ...(accuracy !== undefined && { accuracy }),
    ...(times.length > 0 && { medianMs: median(times) }),
  };
  console.write(asJson ? `${JSON.stringify(result, null, 2)}\n` : textOf(result));
}

/** A bundle is opened as a whole, because it may also have an ONNX form. */
async function studentSource(file: string, bytes: Uint8Array, console: Console): Promise<PredictSource> {
  await quietTfjs();
  const { form, artifacts } = await readStudentFile(file, console);
  return form === 'bundle' ? bytes : artifacts;
}

async function accuracyOf({ outputs }: Prediction, labels: string | undefined, console: Console) {
  if (labels === undefined) return undefined;
  const { data } = await readArray(labels, console);
  const [logits] = Object.values(outputs) as [NdArray];
  const [rows = 0, classes = 0] = logits.shape;
  if (logits.shape.length !== 2 || rows !== data.length) {
    throw new LimbeckError(
      'shape-mismatch',
      `--labels has ${data.length} classes; the first output is [${logits.shape.join(', ')}]. It needs one for each row.`,
    );
  }
  let right = 0;
  for (let row = 0; row < rows; row++) {
    if (argMax(logits.data, row * classes, classes) === data[row]) right++;
  }
  return right / rows;
}

interface Result {
  readonly engine: string;
  readonly why: string;
  readonly threads: number;
  readonly outputs: Readonly<Record<string, readonly number[]>>;
  readonly labels?: readonly string[];
  readonly accuracy?: number;
  readonly medianMs?: number;
}

function textOf({ engine, why, threads, outputs, labels, accuracy, medianMs }: Result): string {
  const lines = [`engine     ${engine}, ${countOf(threads, 'thread')}: ${why}`];
  for (const [name, shape] of Object.entries(outputs)) lines.push(`output     ${name} [${shape.join(', ')}]`);
  if (labels !== undefined) lines.push(`labels     ${labels.slice(0, 20).join(' ')}${labels.length > 20 ? ' …' : ''}`);
  if (accuracy !== undefined) lines.push(`accuracy   ${percent(accuracy)}`);
  if (medianMs !== undefined) lines.push(`median     ${duration(medianMs)} a run`);
  return reportText([lines]);
}
