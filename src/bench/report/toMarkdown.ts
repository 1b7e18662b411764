import { bytes, count, duration, figures, percent, span } from '../../core/figures.ts';
import type { Environment } from '../environment.ts';
import type { BenchReport, BenchRow, WorkloadName } from '../report.ts';
import { backendName, notesOf } from './rowNames.ts';
import { WORKLOADS } from './schema.ts';

const TITLES: Readonly<Record<WorkloadName, string>> = {
  inference: 'Inference',
  'train-step': 'A training step',
  'distillation-step': 'A distillation step',
  personalization: 'Personalization',
  'cold-start': 'Cold start',
  memory: 'Memory',
};

/** A report as Markdown: where it was measured, what to take, and a table for each workload. */
export function toMarkdown(report: BenchReport): string {
  const { environment, rows, recommendation, date } = report;
  const advice = Object.entries(recommendation).map(([what, says]) => `- **${escaped(what)}**: ${escaped(says)}`);
  const tables = WORKLOADS.flatMap((workload) => {
    const own = rows.filter((row) => row.workload === workload);
    return own.length === 0 ? [] : [`## ${TITLES[workload]}`, tableOf(own)];
  });
  const parts = [
    `# Benchmark of ${escaped(environment.engine)}`,
    `${escaped(date.slice(0, 16).replace('T', ' '))} UTC. ${environmentText(environment).map(escaped).join(' · ')}`,
    ...(advice.length === 0 ? [] : ['## What to take', advice.join('\n')]),
    ...tables,
  ];
  return `${parts.join('\n\n')}\n`;
}

/** An environment in a few short facts, for people. */
export function environmentText(environment: Environment): string[] {
  const { os, processor, cores, isIsolated, simdLevel, vectorPeakGflops, clockMs, gpu, memoryBytes, power } =
    environment;
  const { limbeck, tfjs, onnxruntime } = environment.versions;
  return [
    ...(os === undefined ? [] : [os]),
    `${processor === undefined ? '' : `${processor}, `}${count(cores)} ${cores === 1 ? 'core' : 'cores'}`,
    ...(memoryBytes === undefined ? [] : [`${bytes(memoryBytes)} of memory`]),
    `SIMD ${simdLevel}`,
    ...(vectorPeakGflops === undefined ? [] : [`${figures(vectorPeakGflops)} GFLOP/s a core`]),
    ...(isIsolated ? ['isolated'] : []),
    gpu === undefined ? 'no WebGPU' : `WebGPU on ${gpu.name}${gpu.isSoftware ? ' (software)' : ''}`,
    `clock ${duration(clockMs)}`,
    ...(power === undefined
      ? []
      : [`${power.isCharging ? 'charging' : 'on battery'}, ${percent(power.levelFraction)}`]),
    [
      `limbeck ${limbeck}`,
      ...(tfjs === undefined ? [] : [`tfjs ${tfjs}`]),
      ...(onnxruntime === undefined ? [] : [`onnxruntime ${onnxruntime}`]),
    ].join(', '),
  ];
}

const HEADINGS = [
  'model',
  'backend',
  'threads',
  'batch',
  'median',
  '95 % interval',
  'p90',
  'p99',
  'spread',
  'examples/s',
  'runs',
  'memory',
  'notes',
];

function tableOf(rows: readonly BenchRow[]): string {
  const lines = rows.map((row) => [
    row.model,
    `${backendName(row.backend)}${row.simdLevel === undefined ? '' : ` (${row.simdLevel})`}`,
    count(row.threads),
    count(row.batch),
    duration(row.medianMs),
    span(row.intervalMs, duration),
    duration(row.p90Ms),
    duration(row.p99Ms),
    percent(row.spreadFraction),
    figures(row.examplesPerSecond),
    count(row.runs),
    bytes(row.peakBytes),
    notesOf(row),
  ]);
  const align = HEADINGS.map((_, i) => (i < 2 || i === HEADINGS.length - 1 ? '---' : '---:'));
  return [HEADINGS, align, ...lines.map((cells) => cells.map(escaped))]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

/** So that a text stays one: no markup, no link, no line of its own. */
function escaped(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, ' ').replace(/[\\`*_{}[\]<>|~!#&]/g, '\\$&');
}
