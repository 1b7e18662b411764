// The parts of a model card that hold figures.
import { count, figures } from '../core/figures.ts';
import { given, type OptionsOf, schema } from '../core/schema.ts';

/** As much of a `DistillReport` as a card or a bundle reads; every field may be missing. */
export interface ReportFigures {
  readonly seed?: number;
  readonly examples?: number;
  readonly batchSize?: number;
  readonly loss?: { readonly name: string; readonly options?: Readonly<Record<string, unknown>> };
  readonly backend?: {
    readonly backend?: string;
    readonly threads?: number;
    readonly simdLevel?: string;
    readonly hasKernels?: boolean;
  };
  readonly teacher?: { readonly name?: string; readonly bytes?: number; readonly identity?: string };
  readonly student?: {
    readonly parameters?: number;
    readonly bytes?: number;
    /** Without the batch; a free length is null. */
    readonly inputs?: Readonly<Record<string, readonly (number | null)[]>>;
    readonly outputs?: Readonly<Record<string, readonly (number | null)[]>>;
  };
  readonly epochs?: readonly { readonly epoch: number; readonly loss: number }[];
  readonly holdout?: Readonly<Record<string, number>>;
  readonly timeMs?: { readonly train?: number; readonly total?: number };
}

/** What a figure was measured on. */
export interface LatencyFigure {
  readonly ms: number;
  /** Examples of one call. @default 1 */
  readonly batchSize?: number;
  /** Such as 'Chromium 156, 4 threads, Core i7-1165G7'. */
  readonly environment: string;
}

export const FIGURES = schema('modelCard', {
  /** Metrics on held-out examples, by name; added to those of the report. */
  metrics: given<Readonly<Record<string, number>>>(),
  /** File sizes in bytes by form, such as { onnx: 231_000 }. */
  bytes: given<Readonly<Record<string, number>>>(),
  /** How long a prediction takes, and where. */
  latency: given<readonly LatencyFigure[]>(),
  /** A `DistillReport`, or as much of one as there is. */
  report: given<ReportFigures>(),
});

/** The figures of a card. */
export interface CardFigures extends OptionsOf<typeof FIGURES> {}

/** Measured metrics by name; a value that is not finite was not measured. */
export function metricsOf({ metrics, report }: CardFigures): Record<string, number> {
  const all = { ...report?.holdout, ...metrics };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => Number.isFinite(value)));
}

export function trainingSection(report: ReportFigures = {}): string {
  const { loss, epochs = [], batchSize, seed, backend, timeMs } = report;
  const rows = [
    loss && row('Loss', `\`${loss.name}\`${optionsText(loss.options)}`),
    epochs.length > 0 && row('Epochs', String(epochs.length)),
    batchSize !== undefined && row('Batch size', String(batchSize)),
    seed !== undefined && row('Seed', String(seed)),
    epochs.length > 0 && row('Loss of the last epoch', figure(epochs.at(-1)?.loss)),
    backend?.backend !== undefined && row('Trained on', backendText(backend)),
    timeMs?.train !== undefined && row('Time', `${figure(timeMs.train / 1000)} s`),
  ].filter((one) => typeof one === 'string' && one !== '');
  return rows.length === 0
    ? ''
    : `## Training\n\nKnowledge distillation in the browser.\n\n| | |\n|---|---|\n${rows.join('\n')}`;
}

export function figuresSection(options: CardFigures): string {
  const { bytes = {}, latency = [], report } = options;
  const sizes = { ...(report?.student?.bytes !== undefined && { weights: report.student.bytes }), ...bytes };
  const rows = [
    ...Object.entries(metricsOf(options)).map(([name, value]) => row(`${name} (held out)`, figure(value))),
    report?.student?.parameters !== undefined && row('Parameters', count(report.student.parameters)),
    ...Object.entries(sizes).map(([name, value]) => row(`Bytes (${name})`, count(value))),
    ...latency.map(({ ms, batchSize = 1, environment }) =>
      row(
        `Latency, ${batchSize === 1 ? 'one example' : `${batchSize} examples`}`,
        `${figure(ms)} ms on ${environment}`,
      ),
    ),
  ].filter((one) => typeof one === 'string' && one !== '');
  return rows.length === 0 ? '' : `## Measured\n\n| | |\n|---|---|\n${rows.join('\n')}`;
}

function row(name: string, value: string): string {
  return value === '' ? '' : `| ${cell(name)} | ${cell(value)} |`;
}

function cell(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/\|/g, '\\|');
}

/** Nothing if there is no number. */
function figure(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) ? '' : figures(value, 4);
}

function optionsText(options: Readonly<Record<string, unknown>> = {}): string {
  const parts = Object.entries(options).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

function backendText({ backend, threads, simdLevel, hasKernels }: NonNullable<ReportFigures['backend']>): string {
  const parts = [
    backend,
    hasKernels === true ? 'limbeck’s kernels' : undefined,
    threads === undefined ? undefined : `${threads} ${threads === 1 ? 'thread' : 'threads'}`,
    simdLevel === undefined ? undefined : `SIMD: ${simdLevel}`,
  ];
  return parts.filter((part) => part !== undefined).join(', ');
}
