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
import { numberOf, onlyFile } from './arguments.ts';
import { readArray, readArrays } from './arrayFiles.ts';
import { command } from './command.ts';
import type { Console } from './openConsole.ts';
import { jsonText, reportText } from './printable.ts';
import { quietTfjs } from './quietTfjs.ts';
import { isStudentFile, readStudentFile } from './studentFile.ts';

interface Request {
  readonly file: string;
  readonly inputs: readonly string[];
  readonly labels: string | undefined;
  readonly output: string | undefined;
  readonly engine: EngineName | undefined;
  readonly repeat: number;
  readonly asJson: boolean;
}

export const runCommand = command({
  name: 'run',
  summary: 'tells the answers of a student, or any ONNX model, and the time they take',
  usage: '[options] --input NAME=FILE.npy MODEL',
  about: `MODEL is a bundle, an ONNX file, or the model.json of a tfjs layers model with its weights next to it.`,
  options: {
    input: {
      kind: 'texts',
      value: 'NAME=FILE.npy',
      help: 'examples [N, …] as numpy saves them; NAME may be left out where the model has one input',
    },
    labels: { kind: 'text', value: 'FILE.npy', help: 'the class of each example: the accuracy is told' },
    output: { kind: 'text', short: 'o', value: 'FOLDER', help: 'writes each output as FOLDER/NAME.npy' },
    engine: {
      kind: 'text',
      words: ['onnxruntime', 'tfjs'],
      help: 'default: the faster of those that the file allows',
      api: 'engine',
    },
    repeat: { kind: 'text', value: 'N', help: 'runs N times more and tells the median milliseconds' },
  },
  fails: 'where the model fails',
  work: ({ input, labels, output, engine, repeat, json }, files, console) => {
    if (input.length === 0) throw new LimbeckError('invalid-option', 'Give examples: --input FILE.npy.');
    const times = repeat === undefined ? 0 : checkCount(numberOf(repeat), '--repeat', 0);
    const request = { file: onlyFile(files), inputs: input, labels, output, engine, repeat: times, asJson: json };
    return runFile(request, console);
  },
});

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
  console.write(asJson ? jsonText(result) : textOf(result));
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
