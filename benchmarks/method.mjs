// Does the benchmark's method deserve trust? In Chromium, on real work of limbeck's kernels (a training step and the answer to a
// batch, each in a worker of its own): how often it says that a thing differs from itself, how often it finds a copy that is slower by
// a known fraction, and whether backends that give wrong numbers, throw or hang are refused while their neighbour keeps its row.
// Usage: node benchmarks/method.mjs [--json FILE] [--trials N] [--slowdown 0.05] [--budget MS] [--student NAME] [--threads N]
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openPage } from './openPage.mjs';
import { writeResult } from './writeResult.mjs';

const WORKS = ['train-step', 'inference'];

/** @param {{ trials?: number, slowdown?: number, budgetMs?: number, student?: string, threads?: number }} options */
export async function measureMethod({
  trials = 20,
  slowdown = 0.05,
  budgetMs = 28_000,
  student = 'cnn',
  threads = 1,
} = {}) {
  const { bench, about, close } = await openPage({
    script: 'benchmarks/pages/method.ts',
    workers: { '/methodWorker.js': 'benchmarks/pages/methodWorker.ts' },
  });
  try {
    const compared = [];
    for (let i = 0; i < trials; i++) {
      for (const planted of [0, slowdown]) {
        const work = WORKS[i % WORKS.length];
        const seed = 2 * i + (planted === 0 ? 0 : 1) + (i >> 1);
        const result = await bench('compare', { task: { work, student, threads }, slowdown: planted, budgetMs, seed });
        compared.push({ work, planted, ...result });
        printTrial(i, compared.at(-1));
      }
    }
    const refusals = [];
    for (const wrong of await bench('wrongs')) {
      refusals.push(await bench('refuse', wrong));
      const { isRefused, isHonestKept, why } = refusals.at(-1);
      console.log(
        `${wrong.padEnd(20)} ${isRefused ? 'refused' : 'NOT REFUSED'}${isHonestKept ? '' : ', AND SO WAS ITS NEIGHBOUR'}: ${why}`,
      );
    }
    const of = (planted, verdicts) =>
      compared.filter((one) => one.planted === planted && verdicts.includes(one.verdict)).length;
    return {
      ...about,
      student,
      threads,
      budgetMs,
      aa: { trials, claims: of(0, ['faster', 'slower']) },
      planted: { slowdown, trials, found: of(slowdown, ['slower']) },
      wrong: {
        planted: refusals.length,
        refused: refusals.filter(({ isRefused, isHonestKept }) => isRefused && isHonestKept).length,
      },
      longestMs: Math.max(...compared.map(({ ms }) => ms)),
      comparisons: compared,
      refusals,
    };
  } finally {
    await close();
  }
}

function printTrial(i, { work, planted, verdict, ratio, interval, medianMs, rounds, ms }) {
  const percent = (x) => `${(100 * (x - 1)).toFixed(2)} %`;
  console.log(
    `${String(i + 1).padStart(3)} ${work.padEnd(10)} ${planted === 0 ? 'itself' : `+ ${100 * planted} %`}`.padEnd(24) +
      `${verdict.padEnd(7)} ${percent(ratio).padStart(8)} [${interval.map(percent).join(', ')}]  ` +
      `medians ${medianMs.map((one) => one.toFixed(2)).join(', ')} ms, ${rounds} rounds, ${(ms / 1000).toFixed(1)} s`,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      json: { type: 'string' },
      trials: { type: 'string', default: '20' },
      slowdown: { type: 'string', default: '0.05' },
      budget: { type: 'string', default: '28000' },
      student: { type: 'string', default: 'cnn' },
      threads: { type: 'string', default: '1' },
    },
  });
  const [trials, slowdown, budgetMs, threads] = ['trials', 'slowdown', 'budget', 'threads'].map((name) => {
    const value = Number(values[name]);
    if (!(value > 0)) throw new Error(`--${name} was ${values[name]}; it must be a number above 0.`);
    return value;
  });
  const result = await measureMethod({ trials, slowdown, budgetMs, threads, student: values.student });
  const { aa, planted, wrong } = result;
  console.log(
    `\nOf ${aa.trials} comparisons of a thing with itself ${aa.claims} claimed a difference; of ${planted.trials} with a copy that is ` +
      `${100 * planted.slowdown} % slower ${planted.found} found it; of ${wrong.planted} wrong backends ${wrong.refused} were refused.`,
  );
  await writeResult(values.json, result);
}
