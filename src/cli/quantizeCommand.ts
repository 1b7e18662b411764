import { LimbeckError } from '../core/errors.ts';
import { bytes as bytesText, figures, percent } from '../core/figures.ts';
import { fromArrays } from '../data/arrays.ts';
import type { Dataset } from '../data/dataset.ts';
import type { QuantizeReport } from '../export/quantize/report.ts';
import { quantize } from '../export/quantize.ts';
import type { EvaluateOptions, QuantizedForm, QuantizeOptions } from '../export/quantizeOptions.ts';
import { numberOf, onlyFile, outputFile, outputOption } from './arguments.ts';
import { readArray, readArrays } from './arrayFiles.ts';
import { command } from './command.ts';
import type { Console } from './openConsole.ts';
import { faultText, jsonText, reportText } from './printable.ts';

interface Request {
  readonly file: string;
  readonly output: string;
  readonly data: readonly string[];
  readonly labels: string | undefined;
  readonly tolerance: number | undefined;
  readonly options: QuantizeOptions;
  readonly asJson: boolean;
}

const FORMS = ['dynamic-int8', 'static-int8', 'float16', 'int4'] as const satisfies readonly QuantizedForm[];

export const quantizeCommand = command({
  name: 'quantize',
  summary: 'makes an ONNX model smaller, and checks that it still answers alike',
  usage: '[options] --to FORM --output SMALL.onnx MODEL.onnx',
  options: {
    to: { kind: 'text', value: 'FORM', words: FORMS, help: 'dynamic-int8, static-int8, float16 or int4', api: 'to' },
    output: outputOption('where the new model goes'),
    data: {
      kind: 'texts',
      value: 'NAME=FILE.npy',
      help:
        'examples [N, …] as numpy saves them; static-int8 looks at them for the range of its activations, and both models ' +
        'are compared on them. NAME may be left out where the model has one input',
      api: 'calibration',
    },
    labels: {
      kind: 'text',
      value: 'FILE.npy',
      help: 'the class of each example: the accuracy is compared, not the agreement',
    },
    tolerance: {
      kind: 'text',
      value: '0.01',
      help: 'the most that may be lost, as a fraction; more is refused, and nothing is written',
      api: 'tolerance',
    },
    method: {
      kind: 'text',
      words: ['minmax', 'entropy', 'percentile'],
      help: 'of static-int8; default: minmax',
      api: 'method',
    },
    percentile: { kind: 'text', value: '99.99', help: 'of the method percentile', api: 'percentile' },
    examples: {
      kind: 'text',
      value: '128',
      help: 'the most examples that a range is taken from',
      api: 'calibrationExamples',
    },
    'per-tensor': {
      kind: 'flag',
      help: 'one scale for a weight, not one for each of its output channels',
      api: 'perChannel',
    },
    block: { kind: 'text', value: '32', help: 'of int4: weights that share a scale', api: 'blockSize' },
    float16: {
      kind: 'text',
      value: 'graph',
      words: ['weights', 'graph'],
      help: 'computes in halves too; default: weights',
      api: 'float16',
    },
    exclude: { kind: 'texts', value: 'NAME', help: 'a node, or an operator, that stays as it is', api: 'exclude' },
  },
  fails: 'where the model cannot be quantized or loses too much',
  work: (values, files, console) => {
    const { to, method, float16, exclude } = values;
    if (to === undefined) throw new LimbeckError('invalid-option', 'Say what it is to become: --to FORM.');
    if (to === 'static-int8' && values.data.length === 0) {
      throw new LimbeckError(
        'invalid-option',
        '--to static-int8 needs examples to measure ranges on: give --data FILE.npy.',
      );
    }
    const numbers = { percentile: values.percentile, calibrationExamples: values.examples, blockSize: values.block };
    const request: Request = {
      file: onlyFile(files),
      output: outputFile(values.output),
      data: values.data,
      labels: values.labels,
      tolerance: values.tolerance === undefined ? undefined : numberOf(values.tolerance),
      options: {
        to,
        ...(method && { method }),
        ...(float16 && { float16 }),
        ...Object.fromEntries(
          Object.entries(numbers).flatMap(([name, given]) => (given === undefined ? [] : [[name, numberOf(given)]])),
        ),
        ...(values['per-tensor'] && { perChannel: false }),
        ...(exclude.length > 0 && { exclude }),
        worker: 'none',
      },
      asJson: values.json,
    };
    return quantizeFile(request, console);
  },
});

async function quantizeFile(request: Request, console: Console): Promise<void> {
  const { file, output, tolerance, options, asJson } = request;
  const model = await console.readFile(file);
  const data = await datasetOf(request, console);
  if (data === undefined && tolerance !== undefined) {
    throw new LimbeckError('invalid-option', '--tolerance needs examples to compare the models on: give --data.');
  }
  const evaluate: EvaluateOptions | undefined = data && { data, ...(tolerance !== undefined && { tolerance }) };
  const isCalibrated = options.to === 'static-int8';
  const run = quantize(model, {
    ...options,
    ...(console.assetBase !== undefined && { assetBase: console.assetBase }),
    name: file,
    ...(isCalibrated && data && { calibration: data }),
    ...(evaluate && { evaluate }),
  });
  for await (const event of run) if (event.type === 'notice') console.writeError(faultText(`note: ${event.message}`));
  const { bytes, report } = await run.done;
  await console.writeFile(output, bytes);
  console.write(asJson ? jsonText({ ...report, output }) : `${textOf(report)}written        ${output}\n`);
}

async function datasetOf({ data, labels }: Request, console: Console): Promise<Dataset | undefined> {
  if (data.length === 0) {
    if (labels === undefined) return undefined;
    throw new LimbeckError('invalid-option', '--labels needs the examples that they belong to: give --data.');
  }
  const arrays = await readArrays('--data', data, 'input', console);
  if (labels === undefined) return fromArrays(arrays);
  const classes = await readArray(labels, console);
  return fromArrays(arrays, Int32Array.from(classes.data));
}

function textOf(report: QuantizeReport): string {
  const { to, bytesBefore, bytesAfter, metric, metricBefore, metricAfter } = report;
  const change = `${bytesText(bytesBefore)} → ${bytesText(bytesAfter)}, ${percent(bytesAfter / bytesBefore)}`;
  const lines = [`form           ${to}`, `bytes          ${change}`];
  if (metricAfter !== undefined) {
    const before = metricBefore === undefined ? '' : `${figures(metricBefore, 4)} → `;
    lines.push(`${(metric ?? 'metric').padEnd(15)}${before}${figures(metricAfter, 4)}`);
  }
  return reportText([lines]);
}
