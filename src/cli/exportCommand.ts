import { LimbeckError } from '../core/errors.ts';
import type { ToOnnxOptions } from '../export/toOnnxOptions.ts';
import { numberOf, onlyFile, outputFile, outputOption } from './arguments.ts';
import { command } from './command.ts';
import type { Console } from './openConsole.ts';
import { jsonText } from './printable.ts';
import { quietTfjs } from './quietTfjs.ts';
import { readStudentFile, type StudentFile } from './studentFile.ts';
import { writeFiles, writtenText } from './writeFiles.ts';

const FORMS = ['onnx', 'tfjs', 'safetensors', 'bundle'] as const;

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

export const exportCommand = command({
  name: 'export',
  summary: 'writes a student in another form: ONNX, tfjs, safetensors, bundle',
  usage: '[options] --output FILE STUDENT',
  about: `STUDENT is a bundle, the model.json of a tfjs layers model with its weights next to it, or an ONNX file.`,
  options: {
    output: outputOption('where it goes; tfjs takes a folder for model.json and weights.bin'),
    to: {
      kind: 'text',
      value: 'FORM',
      words: FORMS,
      help: `${FORMS.join(', ')}; default: what the name of the output says, else onnx`,
    },
    opset: { kind: 'text', value: '17', help: 'of onnx: the version of its operators, 13 to 21', api: 'opset' },
    batch: {
      kind: 'text',
      value: 'N',
      help: 'of onnx: examples of one run; default: any number',
      api: 'batchSize',
    },
    'channels-first': {
      kind: 'flag',
      help: 'of onnx: images come as [batch, channels, height, width]',
      api: 'inputLayout',
    },
    'fold-batch-norm': {
      kind: 'flag',
      help: 'of onnx: batch normalization goes into the weights before it',
      api: 'foldBatchNorm',
    },
    precision: {
      kind: 'text',
      value: 'FORM',
      words: ['float16', 'uint16', 'uint8'],
      help: 'of tfjs: float16, uint16 or uint8 instead of float32',
      api: 'quantize',
    },
    labels: {
      kind: 'text',
      value: 'A,B,C',
      help: 'the names of the classes; default: those that came with the student',
      api: 'labels',
    },
    license: { kind: 'text', value: 'NAME', help: 'such as MIT', api: 'license' },
    name: { kind: 'text', value: 'NAME', help: "of the model; default: the student's", api: 'name' },
  },
  fails: 'where the student cannot be read or written so',
  work: (values, files, console) => {
    const output = outputFile(values.output);
    const batch = values.batch === undefined ? undefined : numberOf(values.batch);
    const request: Request = {
      file: onlyFile(files),
      output,
      to: values.to ?? formOf(output),
      precision: values.precision,
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
    return exportFile(request, values.json, console);
  },
});

/** The file of exactly that name, in a folder or here. */
const MODEL_JSON = /(^|\/)model\.json$/;

function formOf(output: string): Request['to'] {
  if (output.endsWith('.safetensors')) return 'safetensors';
  if (output.endsWith('.limbeck')) return 'bundle';
  return output.endsWith('/') || MODEL_JSON.test(output) ? 'tfjs' : 'onnx';
}

async function exportFile(request: Request, asJson: boolean, console: Console): Promise<void> {
  const student = await readStudentFile(request.file, console);
  const written = await writeFiles(await filesOf(request, student), console);
  console.write(asJson ? jsonText({ to: request.to, written }) : writtenText(written));
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
