import { LimbeckError } from '../core/errors.ts';
import { bytes as bytesText } from '../core/figures.ts';
import type { ToOnnxOptions } from '../export/toOnnxOptions.ts';
import { numberOf, onlyFile, outputFile, wordOf } from './arguments.ts';
import { carryOut } from './carryOut.ts';
import type { Console } from './openConsole.ts';
import { quietTfjs } from './quietTfjs.ts';
import { readStudentFile, type StudentFile } from './studentFile.ts';

const FORMS = ['onnx', 'tfjs', 'safetensors', 'bundle'] as const;

const HELP = `Writes a student in another form.

Usage
  limbeck export [options] --output FILE STUDENT

STUDENT is a bundle, the model.json of a tfjs layers model with its weights next to it, or an ONNX file.

Options
  -o, --output FILE      where it goes; tfjs takes a folder for model.json and weights.bin
  --to FORM              ${FORMS.join(', ')}; default: what the name of the output says, else onnx
  --opset 17             of onnx: the version of its operators, 13 to 21
  --batch N              of onnx: examples of one run; default: any number
  --channels-first       of onnx: images come as [batch, channels, height, width]
  --fold-batch-norm      of onnx: batch normalization goes into the weights before it
  --precision FORM       of tfjs: float16, uint16 or uint8 instead of float32
  --labels A,B,C         the names of the classes; default: those that came with the student
  --license NAME         such as MIT
  --name NAME            of the model; default: the student's
  -h, --help             this text

Ends with 0, with 1 where the student cannot be read or written so, with 2 where the command line is wrong.
`;

interface Request {
  readonly file: string;
  readonly output: string;
  readonly to: (typeof FORMS)[number];
  readonly precision: 'float16' | 'uint16' | 'uint8' | undefined;
  readonly labels: readonly string[] | undefined;
  readonly license: string | undefined;
  readonly name: string | undefined;
  readonly onnx: Pick<ToOnnxOptions, 'opset' | 'dynamicBatch' | 'batchSize' | 'inputLayout' | 'foldBatchNorm'>;
}

/** `limbeck export`. Returns the exit code. */
export function exportCommand(args: readonly string[], console: Console): Promise<number> {
  const work = (request: Request) => exportFile(request, console);
  return carryOut({ name: 'export', help: HELP, read: requestOf, work }, args, console);
}

async function requestOf(args: readonly string[]): Promise<Request | undefined> {
  const { parseArgs } = await import('node:util');
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      output: { type: 'string', short: 'o' },
      to: text,
      opset: text,
      batch: text,
      'channels-first': flag,
      'fold-batch-norm': flag,
      precision: text,
      labels: text,
      license: text,
      name: text,
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return undefined;
  const output = outputFile(values.output);
  const batch = values.batch === undefined ? undefined : numberOf(values.batch);
  return {
    file: onlyFile(positionals),
    output,
    to: wordOf('--to', values.to, FORMS) ?? formOf(output),
    precision: wordOf('--precision', values.precision, ['float16', 'uint16', 'uint8'] as const),
    labels: values.labels?.split(','),
    license: values.license,
    name: values.name,
    onnx: {
      ...(values.opset !== undefined && { opset: numberOf(values.opset) }),
      ...(batch !== undefined && { dynamicBatch: false, batchSize: batch }),
      ...(values['channels-first'] && { inputLayout: 'channels-first' as const }),
      ...(values['fold-batch-norm'] && { foldBatchNorm: true }),
    },
  };
}

/** The file of exactly that name, in a folder or here. */
const MODEL_JSON = /(^|\/)model\.json$/;

function formOf(output: string): Request['to'] {
  if (output.endsWith('.safetensors')) return 'safetensors';
  if (output.endsWith('.limbeck')) return 'bundle';
  return output.endsWith('/') || MODEL_JSON.test(output) ? 'tfjs' : 'onnx';
}

async function exportFile(request: Request, console: Console): Promise<void> {
  const student = await readStudentFile(request.file, console);
  for (const [path, data] of Object.entries(await filesOf(request, student))) {
    await console.writeFile(path, data);
    const { length } = typeof data === 'string' ? new TextEncoder().encode(data) : data;
    console.write(`written  ${path}, ${bytesText(length)}\n`);
  }
}

/** The files to write, by path. */
async function filesOf(request: Request, student: StudentFile): Promise<Record<string, Uint8Array | string>> {
  const { output, to, precision, license, name = student.name, labels = student.labels } = request;
  const { artifacts, input } = student;
  const about = { name, ...(labels && { labels }), ...(input && { input }) };
  switch (to) {
    case 'onnx': {
      const { artifactsToOnnx } = await import('../export/artifactsToOnnx.ts');
      return { [output]: artifactsToOnnx(artifacts, { ...request.onnx, ...about, ...(license && { license }) }) };
    }
    case 'safetensors': {
      const { toSafetensors } = await import('../export/safetensors.ts');
      return { [output]: await toSafetensors(artifacts, license === undefined ? {} : { metadata: { license } }) };
    }
    case 'bundle': {
      await quietTfjs('cpu');
      const { toBundle } = await import('../export/bundle.ts');
      return {
        [output]: await toBundle(artifacts, { ...about, onnx: true, ...(license && { modelCard: { license } }) }),
      };
    }
    case 'tfjs': {
      const { toTfjs } = await import('../export/tfjs.ts');
      const folder = output.replace(MODEL_JSON, '$1').replace(/(?<=.)\/$/, '') || '.';
      const files = await toTfjs(artifacts, { quantize: precision ?? 'none' });
      return Object.fromEntries(
        Object.entries<Uint8Array | string>(files).map(([file, data]) => [`${folder}/${file}`, data]),
      );
    }
    default:
      throw new LimbeckError('internal', `There is no form "${to satisfies never}".`);
  }
}
