// A short benchmark of a small ONNX file and a small student, with backends of limbeck's and with such that misbehave.
import { type BenchRow, benchBackend, benchmark, mlp, type Subject } from 'limbeck';
import { wrapped } from '../../src/bench/cases/wrappedCases.ts';

const BACKENDS = ['onnxruntime-wasm:1', 'kernels:1', 'kernels:2', 'tfjs-cpu', 'tfjs-wasm:1', 'tfjs-wasm:2'];

/** Every limbeck worker holds a lock for as long as it lives. */
export async function livingWorkers(): Promise<number> {
  const { held = [] } = await navigator.locks.query();
  return held.filter(({ name = '' }) => name.startsWith('limbeck-worker-')).length;
}

const shown = ({
  model,
  workload,
  backend,
  threads,
  isRight,
  skipped,
  medianMs,
  sampleMs: _,
  roundsMs: __,
  ...more
}: BenchRow) => ({
  ...{ row: `${model} ${workload} ${backend}:${threads}`, isRight, medianMs, ...(skipped && { skipped }) },
  notices: more.notices,
});

const models = () => [
  { name: 'file', onnx: '/mlp.onnx' },
  { name: 'student', student: mlp({ inputShape: [12], hidden: [16], classes: 4 }), trainingBatch: 8 },
];

export async function measure() {
  const { rows, environment } = await benchmark({
    ...{ models: models(), backends: BACKENDS, budgetMs: 12_000 },
    workloads: ['inference', 'train-step', 'distillation-step', 'personalization', 'cold-start', 'memory'],
  }).done;
  return { rows: rows.map(shown), isIsolated: environment.isIsolated };
}

type Answers = Awaited<ReturnType<Subject['answer']>>;

const changed = (answers: Answers, change: (x: number) => number): Answers =>
  Object.fromEntries(
    Object.entries(answers).map(([name, { data, shape }]) => [name, { data: Float32Array.from(data, change), shape }]),
  );

export async function misbehave() {
  const kernels = await benchBackend('kernels:1');
  let calls = 0;
  const bad = [
    wrapped(kernels, 'wrong', (subject) => ({
      answer: async (which) => changed(await subject.answer(which), (x) => 1.1 * x),
    })),
    wrapped(kernels, 'not-a-number', (subject) => ({
      answer: async (which) => changed(await subject.answer(which), () => Number.NaN),
    })),
    wrapped(kernels, 'stale', (subject) => ({ answer: () => subject.answer(0) })),
    wrapped(kernels, 'throws', (subject) => ({
      async time(figures, together) {
        if (++calls > 2) throw new Error('It broke.');
        return subject.time(figures, together);
      },
    })),
    wrapped(kernels, 'hangs', () => ({ answer: () => new Promise<never>(() => undefined) })),
  ];
  const [file] = models();
  const { rows } = await benchmark({
    ...{ models: file ? [file] : [], backends: ['onnxruntime-wasm:1', ...bad], budgetMs: 3000 },
  }).done;
  return { rows: rows.map(shown) };
}

export async function cancel() {
  const run = benchmark({ models: models(), backends: BACKENDS, budgetMs: 120_000 });
  for await (const _row of run) {
    run.cancel();
    break;
  }
  return run.done.then(
    () => 'done',
    (error: Error) => error.name,
  );
}
