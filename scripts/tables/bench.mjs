import { figure, measuredOn, table, times } from './markdown.mjs';

/** Of several rows of a workload the fastest that was right. */
const bestOf = (rows, isOurs) =>
  rows
    .filter(({ backend, isRight }) => isRight && (backend === 'kernels') === isOurs)
    .sort((a, b) => a.medianMs - b.medianMs)[0];

const NAMES = {
  'onnxruntime-wasm': 'onnxruntime',
  'tfjs-wasm': 'tfjs wasm',
  'tfjs-cpu': 'tfjs cpu',
  'tfjs-webgl': 'tfjs WebGL',
};
const cell = (row) =>
  row
    ? `${figure(row.medianMs)} (${row.intervalMs.map((ms) => figure(ms)).join(' to ')}; ${row.threads})`
    : 'none that is right';
const named = (row) => (row ? `${NAMES[row.backend] ?? row.backend} ${cell(row)}` : cell(row));

/** The standard set: the fastest right row of the kernels and of everything else, for an answer and for a training step. */
export function benchTable({ environment, date, rows }) {
  const models = [...new Set(rows.map(({ model }) => model))];
  const lines = models.flatMap((model) =>
    ['inference', 'train-step'].flatMap((workload) => {
      const own = rows.filter((row) => row.model === model && row.workload === workload);
      const [ours, theirs] = [bestOf(own, true), bestOf(own, false)];
      if (ours === undefined) return [];
      const ratio = theirs ? times(theirs.medianMs / ours.medianMs) : '–';
      return [
        [
          model,
          workload === 'inference' ? 'answer' : 'training step',
          `${ours.batch}`,
          cell(ours),
          named(theirs),
          ratio,
        ],
      ];
    }),
  );
  const browser = environment.engine.split(' ')[1];
  return [
    `${measuredOn({ machine: environment.processor, browser, date })}; medians in milliseconds, in brackets their 95 % intervals and the threads.`,
    '',
    table(['model', 'work', 'batch', 'kernels', 'the best of the others', 'ratio'], lines),
  ].join('\n');
}
