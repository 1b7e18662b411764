import { figure, measuredOn, table, times } from './markdown.mjs';

const NAMES = { rec: 'recognition', det: 'detection', cls: 'direction' };

/** The two engines that run an ONNX teacher on the processor, by model and threads. */
export function enginesTable(result) {
  const rows = Object.entries(result.teacherEngines).map(([model, engines]) => {
    const [, height, width] = result.examples[model];
    const batchOf = (engine, threads) => `at ${result.batches[model][engine][threads]}`;
    const each = ['1', '2'].flatMap((threads) => {
      const [theirs, ours] = [engines['ort-wasm'][threads], engines['kernels'][threads]];
      return [
        `${figure(theirs)} ${batchOf('ort-wasm', threads)}`,
        `**${figure(ours)}** ${batchOf('kernels', threads)} (${times(theirs / ours)})`,
      ];
    });
    return [`${NAMES[model] ?? model}, ${height} × ${width}`, ...each];
  });
  return [
    `${measuredOn(result)}; milliseconds an example, each at its best batch size (4, 8, 16 or 32; detection one), by turns in one run.`,
    '',
    table(['model', 'onnxruntime-web, 1 thread', 'kernels', 'onnxruntime-web, 2 threads', 'kernels'], rows),
  ].join('\n');
}
