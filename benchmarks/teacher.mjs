// The teacher's side of distillation on the digits of the main job: onnxruntime-web by itself (one example at a time, and
// at its best batch size), limbeck's overlapped epoch, an epoch from kept answers, and each precision of keeping them.
// onnxruntime-web's passes are timed by the benchmark's method, with limbeck's epochs between. These are whole runs: a teacher
// that answers while a student learns from it has one speed in each, and kept answers have the time of a run.
// Usage: node benchmarks/teacher.mjs [--json FILE] [--threads N] [--examples N] [--epochs N] [--rounds N]
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { DEMO, openPage } from './openPage.mjs';
import { writeResult } from './writeResult.mjs';

const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    threads: { type: 'string', default: String(Math.min(4, cpus().length)) },
    examples: { type: 'string', default: '8000' },
    epochs: { type: 'string', default: '6' },
    rounds: { type: 'string', default: '5' },
  },
});
const [threads, examples, epochs, rounds] = ['threads', 'examples', 'epochs', 'rounds'].map((name) =>
  Number(values[name]),
);
/** Milliseconds of a round for each batch size. */
const EACH_MS = 3000;
const BATCHES = [1, 2, 4, 8, 16, 32, 64, 128];
/** Enough of limbeck's own work for each round to be past its start. */
const LIMBECK_EXAMPLES = 2000;
const PRECISIONS = { float32: 'float32', float16: 'float16', int8: 'int8', top8: { topK: 8 } };

const { bench, about, close } = await openPage({
  script: 'benchmarks/pages/teacher.ts',
  folder: DEMO,
  workers: { '/plainOrt.js': 'benchmarks/pages/plainOrt.ts' },
});
const { count, duration, figures, percent, times } = await import('../scripts/figures.mjs');
const result = { ...about, threads, rounds };
try {
  await bench('open', threads);
  const { plain: passes, limbeck: ours } = await bench('compare', threads, {
    ...{ batches: BATCHES, eachMs: EACH_MS, runs: rounds, examples: LIMBECK_EXAMPLES },
  });
  for (const { skipped } of Object.values(passes)) if (skipped !== undefined) throw new Error(skipped);
  const perSecond = (batch, ms) => (1000 * batch) / ms;
  const perBatch = Object.fromEntries(BATCHES.map((batch) => [batch, perSecond(batch, passes[batch].medianMs)]));
  const intervals = BATCHES.map((batch) => [
    batch,
    passes[batch].intervalMs.map((ms) => perSecond(batch, ms)).toReversed(),
  ]);
  const best = BATCHES.reduce((a, b) => (perBatch[b] > perBatch[a] ? b : a));
  const [typical] = ours.toSorted((a, b) => a.examplesPerSecond - b.examplesPerSecond).slice(ours.length >> 1);
  const { secondEpoch, ...limbeck } = typical;
  Object.assign(result, {
    plain: { examplesPerSecond: perBatch[1] },
    ortBest: { examplesPerSecond: perBatch[best], batchSize: best },
    ortPerBatch: perBatch,
    /** In which the figures of `ortPerBatch` lie with 95 % confidence. */
    ortIntervals: Object.fromEntries(intervals),
    limbeck,
    secondEpoch,
  });
  const rate = (value) => `${figures(value)} examples/s`;
  const ratio = (value, of) => `${times(value / of)} ×`;
  const { plain: one, ortBest } = result;
  console.log(`plain      ${rate(one.examplesPerSecond)}, one at a time`);
  console.log(
    `ort best   ${rate(ortBest.examplesPerSecond)} at batch ${best}, ${ratio(ortBest.examplesPerSecond, one.examplesPerSecond)}`,
  );
  console.log(
    `limbeck    ${rate(limbeck.examplesPerSecond)} at batch ${limbeck.batchSize}, ` +
      `${ratio(limbeck.examplesPerSecond, one.examplesPerSecond)} plain, ` +
      `${ratio(limbeck.examplesPerSecond, ortBest.examplesPerSecond)} ort's best, overlap ${percent(limbeck.overlapFraction)}`,
  );
  console.log(`epoch 2    ${count(secondEpoch.teacherCalls)} calls of the teacher, ${duration(secondEpoch.ms)}`);
  result.cache = {};
  for (const [name, precision] of Object.entries(PRECISIONS)) {
    result.cache[name] = await bench('cached', precision, examples, epochs);
    const { bytesPerExample, studentAccuracy, ms, teacherCalls } = result.cache[name];
    console.log(
      `${name.padEnd(10)} ${figures(bytesPerExample)} bytes an example, student ${percent(studentAccuracy)}, ` +
        `${count(teacherCalls)} calls, ${duration(ms)}`,
    );
  }
} finally {
  await close();
}
await writeResult(values.json, result);
