import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { measureRuns, type Side, subjectOf } from '../benchmarks/pages/sides.ts';
import { root } from './house/sources.ts';

/** A side that says how long its passes took; nothing passes while it does. */
function saying(msOfRun: (asked: number) => number): Side {
  let asked = 0;
  return {
    ask: async <Answer>(request: object) => {
      const { figures } = request as { figures: number };
      const ms = msOfRun(asked++);
      return Array.from({ length: figures }, () => ms) as Answer;
    },
    end: () => undefined,
  };
}

const subject = (key: string, msOfRun: (asked: number) => number) => ({
  key,
  subject: subjectOf(saying(msOfRun), { ask: 'step' }),
});

test('a row has the median of all runs, its interval, and the lowest and highest of a run', async () => {
  let run = 0;
  const rows = await measureRuns([subject('a', () => 10), subject('b', () => [20, 30, 40][run] as number)], {
    ...{ eachMs: 1, runs: 3 },
    afterRun: async () => void run++,
  });
  expect(run).toBe(3);
  expect(rows['a']).toMatchObject({ medianMs: 10, intervalMs: [10, 10], runsMs: [10, 10], toFirst: { ratio: 1 } });
  const b = rows['b'] as Exclude<(typeof rows)[string], { skipped: string }>;
  expect(b.runsMs).toEqual([20, 40]);
  expect(b.intervalMs[0]).toBeGreaterThanOrEqual(20);
  expect(b.intervalMs[1]).toBeLessThanOrEqual(40);
  expect(b.toFirst.ratio).toBeGreaterThan(2);
  expect(b.toFirst.ratio).toBeLessThan(4);
});

test('what fails says why, has no turn in later runs, and costs the others nothing', async () => {
  let asked = 0;
  let run = 0;
  const broken = subject('broken', () => {
    asked++;
    if (run === 1) throw new Error('It broke.');
    return 5;
  });
  let askedBefore = 0;
  const rows = await measureRuns([subject('a', () => 10), broken], {
    ...{ eachMs: 1, runs: 4 },
    async afterRun() {
      if (run++ === 1) askedBefore = asked;
    },
  });
  expect(rows['broken']).toEqual({ skipped: 'It broke.' });
  expect(asked).toBe(askedBefore);
  expect(rows['a']).toMatchObject({ medianMs: 10 });
});

/** Files that read the clock, and why the method of the benchmark does not do it for them. */
const OWN_CLOCK: Readonly<Record<string, string>> = {
  'benchmarks/federate/faults.mjs': 'when processes are killed',
  'benchmarks/federate/scale.mjs': 'how much a cluster carries',
  'benchmarks/pages/byHand.ts': 'the method is compared with a loop of its own',
  'benchmarks/pages/method.ts': 'how long the method takes',
  'benchmarks/pages/methodWorker.ts': 'waits, to be slower by a known fraction',
  'benchmarks/pages/personalize.ts': 'a whole call, once for each person',
  'benchmarks/pages/personalizeOnnx.ts': 'a whole call, once for each draw',
  'benchmarks/pages/personalizePeers.ts': 'a whole call, once for each person',
  'benchmarks/pages/personalizeStudent.ts': 'when progress is told',
  'benchmarks/pages/photos.ts': 'a whole run',
  'benchmarks/pages/profile.ts': 'the kernels inside a step',
  'benchmarks/personalize.mjs': 'the whole benchmark',
  'benchmarks/quantizationAware.mjs': 'the whole benchmark',
  'benchmarks/start.mjs': 'a whole start',
};

test('a benchmark that reads the clock itself has a reason', () => {
  const reading = readdirSync(join(root, 'benchmarks'), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|mjs)$/.test(file))
    .map((file) => `benchmarks/${file.replaceAll('\\', '/')}`)
    .filter((file) => readFileSync(join(root, file), 'utf8').includes('performance.now'));
  expect(reading.sort()).toEqual(Object.keys(OWN_CLOCK).sort());
});
