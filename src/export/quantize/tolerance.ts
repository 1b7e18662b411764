import { LimbeckError } from '../../core/errors.ts';
import { percent } from '../../core/figures.ts';
import { DEFAULT_OUTPUT } from '../../core/outputs.ts';
import type { NamedArrays, NdArray } from '../../core/shape.ts';
import { loadTeacher } from '../../teacher/onnx.ts';
import type { Teacher } from '../../teacher/teacher.ts';
import { accuracy } from '../../train/metrics/accuracy.ts';
import { agreement } from '../../train/metrics/agreement.ts';
import type { EvaluateOptions, QuantizeEvent, QuantizeMetric, QuantizeOptions } from '../quantize.ts';
import type { QuantizeReport } from './report.ts';

/** One number for each of both models; for metrics that compare them, the float one has 1. */
export interface Comparison {
  readonly metric: QuantizeMetric;
  readonly before: number;
  readonly after: number;
}

const BATCH = 32;
const LEAST_BLOCK = 16;

/** Runs both models on the same examples, batch by batch, in onnxruntime on wasm. */
export async function compareModels(
  before: Uint8Array,
  after: Uint8Array,
  options: QuantizeOptions,
  emit: (event: QuantizeEvent) => void,
  signal: AbortSignal,
): Promise<Comparison> {
  const { data, metric = data.hasLabels ? 'accuracy' : 'agreement', output } = options.evaluate as EvaluateOptions;
  const { input, read, worker, assetBase, threads, name = 'model' } = options;
  const open = (bytes: Uint8Array) =>
    loadTeacher(bytes, { input, read, worker, assetBase, threads, name, signal, device: 'wasm', batchSize: BATCH })
      .done;
  const teachers: Teacher[] = [];
  try {
    for (const bytes of [before, after]) teachers.push(await open(bytes));
    const [float, quantized] = teachers as [Teacher, Teacher];
    const sums = { before: 0, after: 0 };
    for (let at = 0; at < data.size; at += BATCH) {
      const count = Math.min(BATCH, data.size - at);
      const examples = await data.read(
        Int32Array.from({ length: count }, (_, i) => at + i),
        signal,
      );
      const reference = pickOutput(await float.ask(examples.inputs, signal), output);
      const given = pickOutput(await quantized.ask(examples.inputs, signal), output);
      const labels = 'labels' in examples ? (examples.labels as Int32Array) : undefined;
      sums.before += count * score(metric, reference, reference, labels);
      sums.after += count * score(metric, given, reference, labels);
      emit({ type: 'evaluate', examples: at + count, total: data.size });
    }
    return { metric, before: sums.before / data.size, after: sums.after / data.size };
  } finally {
    for (const teacher of teachers) await teacher[Symbol.asyncDispose]();
  }
}

function pickOutput(outputs: NamedArrays, wanted: string | undefined): NdArray {
  const names = Object.keys(outputs);
  const name = wanted ?? (names.includes(DEFAULT_OUTPUT) ? DEFAULT_OUTPUT : names[0]);
  const found = name === undefined ? undefined : outputs[name];
  if (found !== undefined) return found;
  throw new LimbeckError(
    'unknown-output',
    `"evaluate" compares the output "${name}"; the model gives ${names.join(', ') || 'none'}.`,
    { details: { needed: name, given: names } },
  );
}

function score(metric: QuantizeMetric, given: NdArray, float: NdArray, labels: Int32Array | undefined): number {
  if (metric === 'accuracy') return accuracy.compute({ student: given, labels });
  if (metric === 'agreement') return agreement.compute({ student: given, teacher: float });
  return cosine(given, float);
}

/** The mean over examples of the cosine between what both models give; two outputs of nothing but 0 have 1. */
function cosine(given: NdArray, float: NdArray): number {
  const batch = float.shape[0] as number;
  const length = float.data.length / batch;
  let sum = 0;
  for (let b = 0; b < batch; b++) {
    let [dot, a, c] = [0, 0, 0];
    for (let i = b * length; i < (b + 1) * length; i++) {
      const [x, y] = [given.data[i] as number, float.data[i] as number];
      dot += x * y;
      a += x * x;
      c += y * y;
    }
    sum += a === 0 && c === 0 ? 1 : dot / Math.max(Math.sqrt(a * c), Number.MIN_VALUE);
  }
  return sum / batch;
}

/** Throws    below-tolerance: the quantized model lost more than it may; details carry the report */
export function requireTolerance(report: QuantizeReport, options: QuantizeOptions): void {
  const { metric, metricBefore = 0, metricAfter = 0, to } = report;
  const tolerance = options.evaluate?.tolerance ?? 0.01;
  // A loss that is as large as allowed, but for the last bit, is allowed.
  if (metricBefore - metricAfter <= tolerance + 1e-9) return;
  throw new LimbeckError(
    'below-tolerance',
    `As ${to} the model's ${metric} fell from ${percent(metricBefore)} to ${percent(metricAfter)}, by more than the ` +
      `${percent(tolerance)} that "tolerance" allows. ${adviceFor(options)}`,
    { details: { report } },
  );
}

/** What may help, and was not done already. */
export function adviceFor(options: QuantizeOptions): string {
  const { to, method = 'minmax', perChannel = true, blockSize = 32, float16 = 'weights' } = options;
  const exact = 'sensitive nodes in float ("exclude")';
  const ways = {
    'static-int8': [
      'more and more typical examples for calibration',
      method === 'minmax' && "the method 'percentile' or 'entropy'",
      !perChannel && 'perChannel: true',
      exact,
      "'dynamic-int8', which loses less",
    ],
    'dynamic-int8': [!perChannel && 'perChannel: true', exact, "'float16'"],
    int4: [blockSize > LEAST_BLOCK && 'a smaller "blockSize"', exact, "'dynamic-int8'"],
    float16: [float16 === 'graph' && "float16: 'weights'", exact],
  }[to].filter((way) => way !== false);
  return `Try ${ways.length === 1 ? ways[0] : `${ways.slice(0, -1).join(', ')}, or ${ways.at(-1)}`}.`;
}
