import { LimbeckError } from '../../core/errors.ts';
import { figures, percent } from '../../core/figures.ts';
import { DEFAULT_OUTPUT } from '../../core/outputs.ts';
import { joinRows } from '../../core/rows.ts';
import type { NamedArrays, NdArray } from '../../core/shape.ts';
import { loadTeacher } from '../../teacher/onnx.ts';
import type { Teacher } from '../../teacher/teacher.ts';
import type { Metric } from '../../train/metric.ts';
import { accuracy } from '../../train/metrics/accuracy.ts';
import { agreement } from '../../train/metrics/agreement.ts';
import { coefficientOfDetermination } from '../../train/metrics/coefficientOfDetermination.ts';
import { cosineSimilarity } from '../../train/metrics/cosineSimilarity.ts';
import type { EvaluateOptions, QuantizeEvent, QuantizeMetric, ReadQuantizeOptions } from '../quantizeOptions.ts';
import type { QuantizeReport } from './report.ts';

/** One number for each model. For metrics that compare the two, the float model is compared with itself. */
export interface Comparison {
  readonly metric: string;
  readonly before: number;
  readonly after: number;
}

const BATCH = 32;
const LEAST_BLOCK = 16;

/** Runs both models on the same examples, batch by batch, in onnxruntime on wasm. */
export async function compareModels(
  before: Uint8Array,
  after: Uint8Array,
  options: ReadQuantizeOptions,
  emit: (event: QuantizeEvent) => void,
  signal: AbortSignal,
): Promise<Comparison> {
  const evaluate = options.evaluate as EvaluateOptions;
  const { data, output } = evaluate;
  const { input, read, worker, assetBase, threads, name } = options;
  const open = (bytes: Uint8Array) =>
    loadTeacher(bytes, {
      ...{ input, read, worker, assetBase, threads, name, signal, device: 'wasm', batchSize: BATCH },
      // Outputs are compared as they are.
      given: 'logits',
    }).done;
  const teachers: Teacher[] = [];
  try {
    for (const bytes of [before, after]) teachers.push(await open(bytes));
    const [float, quantized] = teachers as [Teacher, Teacher];
    const sums = { before: 0, after: 0 };
    const all: Batches[] = [];
    let metric: Metric | undefined;
    for (let at = 0; at < data.size; at += BATCH) {
      const count = Math.min(BATCH, data.size - at);
      const examples = await data.read(
        Int32Array.from({ length: count }, (_, i) => at + i),
        signal,
      );
      const reference = pickOutput(await float.ask(examples.inputs, signal), output, float);
      const given = pickOutput(await quantized.ask(examples.inputs, signal), output, quantized);
      const batch = { reference, given, ...('labels' in examples && { labels: examples.labels as Int32Array }) };
      metric ??= metricFor(evaluate, reference);
      if (MEANS.has(metric)) {
        sums.before += (count / data.size) * scoreOf(metric, batch, reference);
        sums.after += (count / data.size) * scoreOf(metric, batch, given);
      } else all.push(batch);
      emit({ type: 'evaluate', examples: at + count, total: data.size });
    }
    const name = typeof evaluate.metric === 'string' ? evaluate.metric : (metric as Metric).name;
    if (all.length === 0) return { metric: name, ...sums };
    const whole = all.reduce(joined);
    const scored = (student: NdArray) => scoreOf(metric as Metric, whole, student);
    return { metric: name, before: scored(whole.reference), after: scored(whole.given) };
  } finally {
    for (const teacher of teachers) await teacher[Symbol.asyncDispose]();
  }
}

/** An only output is called 'logits' here; the file's name for it is accepted too. */
function pickOutput(outputs: NamedArrays, wanted: string | undefined, { description }: Teacher): NdArray {
  const names = Object.keys(outputs);
  const [only, ...others] = Object.keys(description.outputs);
  const isOnly = wanted === undefined || (others.length === 0 && wanted === only && outputs[wanted] === undefined);
  const name = isOnly ? (names.includes(DEFAULT_OUTPUT) ? DEFAULT_OUTPUT : names[0]) : wanted;
  const found = name === undefined ? undefined : outputs[name];
  if (found !== undefined) return found;
  throw new LimbeckError(
    'unknown-output',
    `"evaluate" compares the output "${name}"; the model gives ${names.join(', ') || 'none'}.`,
    { details: { needed: name, given: names } },
  );
}

const METRICS: Readonly<Record<QuantizeMetric, Metric>> = {
  accuracy,
  agreement,
  cosine: cosineSimilarity,
  coefficientOfDetermination,
};

/** Means over examples, so that only a batch of outputs has to be kept. */
const MEANS: ReadonlySet<Metric> = new Set([accuracy, agreement, cosineSimilarity]);

interface Batches {
  readonly reference: NdArray;
  readonly given: NdArray;
  readonly labels?: Int32Array;
}

function joined(a: Batches, b: Batches): Batches {
  return {
    reference: joinRows(a.reference, b.reference),
    given: joinRows(a.given, b.given),
    ...(a.labels && b.labels && { labels: Int32Array.of(...a.labels, ...b.labels) }),
  };
}

function scoreOf(metric: Metric, { reference, labels }: Batches, student: NdArray): number {
  return metric.compute({ student, teacher: reference, ...(labels && { labels }) });
}

/** The metric that compares both: the given one, or one that suits the output. */
function metricFor({ metric, data }: EvaluateOptions, { shape }: NdArray): Metric {
  if (typeof metric === 'object') return metric;
  if (metric !== undefined) return METRICS[metric];
  if (data.hasLabels) return accuracy;
  return shape.at(-1) === 1 ? coefficientOfDetermination : agreement;
}

/** Throws    below-tolerance: the quantized model lost more than it may; details carry the report */
export function requireTolerance(report: QuantizeReport, options: ReadQuantizeOptions): void {
  const { tolerance, metric: asked } = options.evaluate as NonNullable<ReadQuantizeOptions['evaluate']>;
  const better = typeof asked === 'object' ? asked.better : 'higher';
  const { metric, metricBefore = 0, metricAfter = 0, to } = report;
  const lost = better === 'lower' ? metricAfter - metricBefore : metricBefore - metricAfter;
  // A loss equal to the tolerance, except for rounding, is allowed.
  if (lost <= tolerance + 1e-9) return;
  const isOwn = typeof asked === 'object';
  const text = (value: number) => (isOwn ? figures(value, 4) : percent(value));
  throw new LimbeckError(
    'below-tolerance',
    `As ${to} the model's ${metric} went from ${text(metricBefore)} to ${text(metricAfter)}, worse by more than the ` +
      `${text(tolerance)} that "tolerance" allows. ${adviceFor(options)}`,
    { details: { report } },
  );
}

/** What may help and was not already done. */
export function adviceFor(options: ReadQuantizeOptions): string {
  const { to, method, perChannel, blockSize, float16 } = options;
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
