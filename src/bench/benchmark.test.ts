import { describe, expect, test } from 'vitest';
import { isLong } from '../../scripts/isLong.mjs';
import { mlp } from '../student/zoo/mlp.ts';
import { benchHere, living, mlpModel } from './benchCases.ts';
import { benchmark } from './benchmark.ts';
import type { BenchmarkOptions } from './benchmarkOptions.ts';
import { wrapped } from './cases/wrappedCases.ts';
import { benchBackend } from './namedBackends.ts';
import type { BenchEvent, WorkloadName } from './report.ts';

benchHere();

const BACKENDS = ['onnxruntime-wasm:1', 'kernels:1:simd'];
/** What is measured so is over soon, and a machine that is slow or busy has time enough for every pass. */
const SHORT = { budgetMs: 8000, mostRounds: 2 };

test('an ONNX file is measured on onnxruntime and on the kernels, and both are right', async () => {
  const run = benchmark({ models: [mlpModel()], backends: BACKENDS, ...SHORT });
  const events: BenchEvent[] = [];
  for await (const event of run) events.push(event);
  const { rows, settings, format } = await run.done;
  expect({ format, settings }).toEqual({ format: 'limbeck-bench', settings: { budgetMs: 8000, seed: 1 } });
  expect(
    rows.map(({ workload, model, backend, threads, batch }) => ({ workload, model, backend, threads, batch })),
  ).toEqual([
    { workload: 'inference', model: 'mlp', backend: 'onnxruntime-wasm', threads: 1, batch: 1 },
    { workload: 'inference', model: 'mlp', backend: 'kernels', threads: 1, batch: 1 },
  ]);
  for (const row of rows) {
    expect(row.skipped).toBeUndefined();
    expect(row).toMatchObject({ isRight: true, batch: 1 });
    expect(row.medianMs).toBeGreaterThan(0);
    expect(row.intervalMs[0]).toBeLessThanOrEqual(row.intervalMs[1]);
    expect(row.runs).toBeGreaterThan(0);
  }
  expect(rows[1]?.simdLevel).toBe('simd');
  const last = events.filter(({ isFinal }) => isFinal);
  expect(last.map(({ backend, doneFraction }) => [backend, doneFraction])).toEqual([
    ['onnxruntime-wasm', 1],
    ['kernels', 1],
  ]);
  expect(living()).toBe(0);
});

test('each of several batches is measured, or the best is looked for', async () => {
  const models = [mlpModel()];
  const given = await benchmark({ models, backends: BACKENDS, batchSizes: [2, 3], ...SHORT }).done;
  expect(given.rows.map(({ backend, batch }) => `${backend} ${batch}`)).toEqual([
    ...['onnxruntime-wasm 2', 'kernels 2', 'onnxruntime-wasm 3', 'kernels 3'],
  ]);
  // As long for any batch, so the largest that is tried is best.
  const even = wrapped(await benchBackend('kernels:1:simd'), 'even', () => ({
    time: async (figures: number) => Array.from({ length: figures }, () => 1),
  }));
  const { rows } = await benchmark({ models, backends: [even], batchSizes: 'best', ...SHORT }).done;
  expect(rows).toMatchObject([{ backend: 'even', batch: 64, isRight: true }]);
});

describe('a backend that', () => {
  const named = (text: string) => expect.stringContaining(text);

  test.each<[string, Parameters<typeof wrapped>[2], string]>([
    [
      'gives wrong numbers',
      (subject) => ({ answer: async (which) => changed(await subject.answer(which), (x) => 1.1 * x) }),
      'wrong',
    ],
    [
      'gives NaN',
      (subject) => ({ answer: async (which) => changed(await subject.answer(which), () => Number.NaN) }),
      'no numbers',
    ],
    ['gives stale numbers', (subject) => ({ answer: () => subject.answer(0) }), 'another input'],
    ['throws midway', (subject) => throwing(subject, 3), 'It broke.'],
  ])('%s costs its own row only', async (_what, change, why) => {
    const bad = wrapped(await benchBackend('kernels:1:simd'), 'bad', change);
    const { rows } = await benchmark({ models: [mlpModel()], backends: ['onnxruntime-wasm:1', bad], ...SHORT }).done;
    expect(rows).toMatchObject([
      { backend: 'onnxruntime-wasm', isRight: true },
      { backend: 'bad', isRight: false, skipped: named(why) },
    ]);
    expect(rows[0]?.skipped).toBeUndefined();
    expect(rows[1]?.medianMs).toBeNaN();
    expect(living()).toBe(0);
  });
});

function changed(
  arrays: Record<string, { data: ArrayLike<number>; shape: readonly number[] }> | object,
  change: (x: number) => number,
) {
  return Object.fromEntries(
    Object.entries(arrays).map(([name, { data, shape }]) => [name, { data: Float32Array.from(data, change), shape }]),
  );
}

function throwing(subject: { time(figures: number, together: number): Promise<readonly number[]> }, at: number) {
  let calls = 0;
  return {
    async time(figures: number, together: number) {
      if (++calls >= at) throw new Error('It broke.');
      return subject.time(figures, together);
    },
  };
}

describe('refuses', () => {
  const models = [{ name: 'a', onnx: Uint8Array.of(1, 2, 3) }];
  test.each<[string, object, string]>([
    ['no options', undefined as never, 'benchmark takes an object'],
    ['no models', { models: [] }, 'at least one model'],
    ['a model without a form', { models: [{ name: 'a' }] }, 'neither "onnx" nor "student"'],
    ['two models of one name', { models: [models[0], models[0]] }, 'names that differ'],
    ['an unknown backend', { models, backends: ['cuda'] }, 'There are kernels, onnxruntime-wasm'],
    ['threads of a backend that has none', { models, backends: ['tfjs-cpu:2'] }, 'takes no number of threads'],
    ['an unknown level', { models, backends: ['kernels:1:avx'] }, 'relaxed or simd'],
    ['the same backend twice', { models, backends: ['kernels:1', 'kernels:1'] }, 'twice'],
    ['an unknown workload', { models, workloads: ['dreaming'] }, 'inference'],
    ['a batch of nothing', { models, batchSizes: [0] }, 'at least 1'],
    ['a budget too small for anything', { models, budgetMs: 5 }, 'at least 1 s'],
    ['a file that is no model', { models, backends: ['onnxruntime-wasm:1'], budgetMs: 2000 }, 'model.onnx'],
  ])('%s', async (_what, options, text) => {
    const failed = await benchmark(options as BenchmarkOptions).done.catch((error: unknown) => error);
    expect(failed).toMatchObject({ name: 'LimbeckError', message: expect.stringContaining(text) });
    expect(living()).toBe(0);
  });
});

describe('a student', () => {
  const student = () => ({
    name: 'small',
    student: mlp({ inputShape: [12], hidden: [16], classes: 4 }),
    trainingBatch: 8,
  });

  // The browser's short run has each workload (e2e/bench.spec.ts), the long run has each here too.
  const workloads: [WorkloadName, number][] = [
    ['train-step', 8],
    ['inference', 1],
    ['distillation-step', 8],
    ['memory', 1],
    ['cold-start', 1],
  ];

  test.each(isLong ? workloads : workloads.slice(0, 2))(
    'is measured on the kernels by %s, and agrees with tfjs in plain JavaScript',
    async (workload, batch) => {
      const options = { models: [student()], workloads: [workload], backends: ['kernels:1:simd'], ...SHORT };
      const { rows } = await benchmark(options).done;
      expect(rows[0]?.skipped).toBeUndefined();
      expect(rows).toMatchObject([{ workload, model: 'small', backend: 'kernels', batch, isRight: true }]);
      expect(rows[0]?.errorFraction).toBeLessThan(1e-3);
      expect(rows[0]?.sessionBytes).toBeGreaterThan(0);
      expect(rows[0]?.peakBytes).toBeGreaterThan(rows[0]?.sessionBytes as number);
      expect(living()).toBe(0);
    },
  );

  test('that is exported runs in onnxruntime too', async () => {
    const { rows } = await benchmark({
      ...{ models: [student()], workloads: ['inference'], backends: ['onnxruntime-wasm:1'], ...SHORT },
    }).done;
    expect(rows).toMatchObject([{ backend: 'onnxruntime-wasm', isRight: true }]);
  });

  test('is not trained by what does not train', async () => {
    const options = {
      models: [student()],
      workloads: ['train-step'],
      backends: ['onnxruntime-wasm:1'],
      ...SHORT,
    } as const;
    const { rows } = await benchmark(options).done;
    expect(rows).toMatchObject([{ isRight: false, skipped: 'onnxruntime-web does not train.' }]);
  });

  test('whose training is wrong is found', async () => {
    const bad = wrapped(await benchBackend('kernels:1:simd'), 'bad', (subject) => ({
      async answer(which) {
        const { losses, ...changes } = await subject.answer(which);
        return { ...(losses && { losses }), ...changed(changes, (x) => -x) };
      },
    }));
    const { rows } = await benchmark({
      models: [student()],
      workloads: ['train-step'],
      backends: [bad],
      ...SHORT,
    }).done;
    expect(rows).toMatchObject([{ isRight: false, skipped: expect.stringContaining('its weights change otherwise') }]);
  });
});

test('a cancelled benchmark ends its workers', async () => {
  const run = benchmark({ models: [mlpModel()], backends: BACKENDS, budgetMs: 8000 });
  for await (const _row of run) {
    run.cancel();
    break;
  }
  await expect(run.done).rejects.toMatchObject({ name: 'AbortError' });
  expect(living()).toBe(0);
});
