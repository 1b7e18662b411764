import { LimbeckError } from '../core/errors.ts';
import { bytes as bytesText, figures, percent } from '../core/figures.ts';
import { fromArrays } from '../data/arrays.ts';
import type { Dataset } from '../data/dataset.ts';
import type { QuantizeReport } from '../export/quantize/report.ts';
import { quantize } from '../export/quantize.ts';
import type { EvaluateOptions, QuantizedForm, QuantizeOptions } from '../export/quantizeOptions.ts';
import { numberOf, onlyFile, outputFile, wordOf } from './arguments.ts';
import { readArray, readArrays } from './arrayFiles.ts';
import { carryOut } from './carryOut.ts';
import type { Console } from './openConsole.ts';
import { faultText, reportText } from './printable.ts';

const HELP = `Makes an ONNX model smaller, and checks that it still answers alike.

Usage
  limbeck quantize [options] --to FORM --output SMALL.onnx MODEL.onnx

Options
  --to FORM                dynamic-int8, static-int8, float16 or int4
  -o, --output FILE        where the new model goes
  --data NAME=FILE.npy     examples [N, …] as numpy saves them; static-int8 looks at them for the range of its activations,
                           and both models are compared on them. NAME may be left out where the model has one input
  --labels FILE.npy        the class of each example: the accuracy is compared, not the agreement
  --tolerance 0.01         the most that may be lost, as a fraction; more is refused, and nothing is written
  --method METHOD          of static-int8: minmax (default), entropy, percentile
  --percentile 99.99       of the method percentile
  --examples 128           the most examples that a range is taken from
  --per-tensor             one scale for a weight, not one for each of its output channels
  --block 32               of int4: weights that share a scale
  --float16 graph          computes in halves too; default: weights
  --exclude NAME           a node, or an operator, that stays as it is; may be given several times
  --json                   writes the report as JSON
  -h, --help               this text

Ends with 0, with 1 where the model cannot be quantized or loses too much, with 2 where the command line is wrong.
`;

interface Request {
  readonly file: string;
  readonly output: string;
  readonly data: readonly string[];
  readonly labels: string | undefined;
  readonly tolerance: number | undefined;
  readonly options: QuantizeOptions;
  readonly asJson: boolean;
}

/** `limbeck quantize`. Returns the exit code. */
export function quantizeCommand(args: readonly string[], console: Console): Promise<number> {
  const work = (request: Request) => quantizeFile(request, console);
  return carryOut({ name: 'quantize', help: HELP, read: requestOf, work }, args, console);
}

async function requestOf(args: readonly string[]): Promise<Request | undefined> {
  const { parseArgs } = await import('node:util');
  const text = { type: 'string' } as const;
  const texts = { type: 'string', multiple: true } as const;
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      to: text,
      output: { type: 'string', short: 'o' },
      data: texts,
      labels: text,
      tolerance: text,
      method: text,
      percentile: text,
      examples: text,
      'per-tensor': { type: 'boolean' },
      block: text,
      float16: text,
      exclude: texts,
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return undefined;
  const to = wordOf<QuantizedForm>('--to', values.to, ['dynamic-int8', 'static-int8', 'float16', 'int4']);
  if (to === undefined) throw new LimbeckError('invalid-option', 'Say what it is to become: --to FORM.');
  const method = wordOf('--method', values.method, ['minmax', 'entropy', 'percentile'] as const);
  const float16 = wordOf('--float16', values.float16, ['weights', 'graph'] as const);
  const numbers = { percentile: values.percentile, calibrationExamples: values.examples, blockSize: values.block };
  return {
    file: onlyFile(positionals),
    output: outputFile(values.output),
    data: values.data ?? [],
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
      ...(values.exclude && { exclude: values.exclude }),
      worker: 'none',
    },
    asJson: values.json === true,
  };
}

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
  console.write(asJson ? `${JSON.stringify(report, null, 2)}\n` : `${textOf(report)}written        ${output}\n`);
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
