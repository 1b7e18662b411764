import type { Page } from '@playwright/test';
import { isLong } from '../scripts/isLong.mjs';
import { floats, modelOf, node, value } from '../src/onnx/cases/tinyCases.ts';
import { onnx, writeModel } from '../src/onnx/model.ts';
import { bundle, expect, SOFTWARE_GPU, test } from './fixtures.ts';

type OneGpu = typeof import('./pages/oneGpu.ts');

test.use({ launchOptions: SOFTWARE_GPU });

const wave = (count: number, step: number) => Array.from({ length: count }, (_, i) => Math.sin(step * (i + 1)));

/** x [B, 8] → relu(x · A) · C = y [B, 4]. */
function denseTeacher(): Uint8Array {
  return writeModel(
    modelOf({
      input: [value('x', ['B', 8])],
      output: [value('y', ['B', 4])],
      initializer: [floats('a', [8, 12], wave(96, 0.7)), floats('c', [12, 4], wave(48, 1.3))],
      node: [node('MatMul', ['x', 'a'], ['h']), node('Relu', ['h'], ['r']), node('MatMul', ['r', 'c'], ['y'])],
    }),
  );
}

/** x [B, 8] → softmax(x · A as [B, 3, 4]) = y. */
function sequenceTeacher(): Uint8Array {
  const shape = onnx.tensor({ name: 's', dims: [3n], dataType: 7, int64Data: [-1n, 3n, 4n] });
  return writeModel(
    modelOf({
      input: [value('x', ['B', 8])],
      output: [value('y', ['B', 3, 4])],
      initializer: [floats('a', [8, 12], wave(96, 0.7)), shape],
      node: [node('MatMul', ['x', 'a'], ['h']), node('Reshape', ['h', 's'], ['r']), node('Softmax', ['r'], ['y'])],
    }),
  );
}

/** Opens an empty page that can fetch scripts and models; the returned list grows with each path fetched. */
async function open(page: Page, serveDist: Serve) {
  const asked: string[] = [];
  const script = async (file: string) => ({ type: 'text/javascript', body: await bundle(file) });
  // What the server writes may be bytes as well.
  const model = (bytes: Uint8Array) => ({ type: 'application/octet-stream', body: bytes as unknown as string });
  const url = await serveDist({
    headers: (pathname) => {
      asked.push(pathname);
      return {};
    },
    extra: {
      '/one-gpu.js': await script('pages/oneGpu.ts'),
      '/gpu-spy.js': await script('pages/gpuSpy.ts'),
      '/dense.onnx': model(denseTeacher()),
      '/sequence.onnx': model(sequenceTeacher()),
    },
  });
  await page.goto(`${url}/empty.html`);
  return asked;
}

type Serve = (options: {
  headers: (pathname: string) => Record<string, string>;
  extra: Record<string, { type: string; body: string }>;
}) => Promise<string>;

const SCRIPT = '/one-gpu.js';
const GPU_FILES = /webgpu|asyncify/;
const STEPS = 12;

// A GPU in software is slow: the short run asks through `distill` alone, below.
for (const lesson of isLong ? (['sequence', 'dense'] as const) : []) {
  test(`teacher (${lesson}) and student share one GPU, and the answers never leave it`, async ({ page, serveDist }) => {
    const asked = await open(page, serveDist);
    const wasm = await page.evaluate(async ([script, one]) => ((await import(script)) as OneGpu).trainOnWasm(one), [
      SCRIPT,
      lesson,
    ] as const);
    expect(
      asked.filter((path) => GPU_FILES.test(path)),
      'nothing of it is loaded on wasm',
    ).toEqual([]);
    const gpu = await page.evaluate(async ([script, one]) => ((await import(script)) as OneGpu).trainOnGpu(one), [
      SCRIPT,
      lesson,
    ] as const);
    expect(gpu.description).toMatchObject({ backend: 'webgpu', hasKernels: false, notices: [] });
    expect([gpu.device, gpu.isColocated], gpu.why).toEqual(['webgpu', true]);
    const { devices, queues, reads, shared, ortSubmits } = gpu.report;
    expect({ devices, queues }).toEqual({ devices: 1, queues: { tfjs: 1, ort: 1, all: 1 } });
    // Each step fetches two numbers; at the end the student's weights are fetched, and nothing else ever was.
    expect(reads.filter(({ owner }) => owner === 'ort')).toEqual([]);
    expect(reads.map(({ bytes }) => bytes)).toEqual([...new Array(STEPS).fill(8), ...gpu.weightBytes]);
    // The shaders of tfjs were given onnxruntime's own buffers.
    expect(shared).toBeGreaterThanOrEqual(3);
    // The second epoch, and all others, cost the teacher nothing.
    expect(gpu.colocatedUsage).toEqual({ calls: 3, computed: 96 });
    expect(ortSubmits).toBeLessThan(STEPS);
    expect(gpu.tensors).toBe(0);

    // Sums of tens of float32 products in another order, at each of twelve steps.
    for (const [i, answer] of gpu.answers.entries()) expect(answer).toBeCloseTo(wasm.answers[i] as number, 4);
    const differences = gpu.losses.map((loss, epoch) => Math.abs(loss - (wasm.losses[epoch] as number)));
    expect(Math.max(...differences)).toBeLessThan(1e-3);
    expect(gpu.losses.at(-1) as number).toBeLessThan(0.7 * (gpu.losses[0] as number));
  });
}

test('distill asks a colocated teacher in the trainer’s worker, and from the page for the holdout only', async ({
  page,
  serveDist,
}) => {
  await open(page, serveDist);
  const { report, holdoutShape, hasWeights } = await page.evaluate(
    async (script) => ((await import(script)) as OneGpu).distilNear(),
    SCRIPT,
  );
  expect(report.backend).toMatchObject({ backend: 'webgpu' });
  expect(report.epochs.at(-1)?.loss as number).toBeLessThan(report.epochs[0]?.loss as number);
  expect([holdoutShape, hasWeights]).toEqual([[40, 4], true]);
  // 96 on the student's GPU; the two of the check and the 40 held-out ones from the page.
  expect(report.teacherUsage?.computed).toBe(96 + 2 + 40);
});

/** Convolutions with batch normalization; attention and the others in the long run. */
const OTHERS = ['transformerTiny', 'cnn', 'resnet8', 'mlp', 'mobilenetV1'] as const;
const STUDENTS = ['dsCnn', ...(isLong ? OTHERS : [])] as const;
/** Shaders of a step, which docs/guide/make-it-fast.md tells: another version of tfjs may need others. */
const DISPATCHES = { mlp: 97, cnn: 127, resnet8: 623, dsCnn: 744, transformerTiny: 1758, mobilenetV1: 2120 };

for (const name of STUDENTS) {
  test(`${name} learns on a GPU what it learns on wasm`, async ({ page, serveDist }) => {
    await open(page, serveDist);
    const { backend, wasm, webgpu, dispatchesPerStep } = await page.evaluate(
      async ([script, student]) => ((await import(script)) as OneGpu).trainZoo(student),
      [SCRIPT, name] as const,
    );
    expect([backend, wasm.length, webgpu.length]).toEqual(['webgpu', 4, 4]);
    expect(dispatchesPerStep).toBe(DISPATCHES[name]);
    // Roundings, which batch normalisation makes larger from step to step.
    const differences = webgpu.map((loss, i) => Math.abs(loss - (wasm[i] as number)) / (wasm[i] as number));
    expect(Math.max(...differences)).toBeLessThan(1e-3);
    expect(new Set(webgpu).size, 'weights change at each step').toBe(4);
  });
}

test('a GPU that is lost ends the run with a reason', async ({ page, serveDist }) => {
  await open(page, serveDist);
  const end = await page.evaluate(async (script) => ((await import(script)) as OneGpu).loseGpu(), SCRIPT);
  expect(end).toMatchObject({ code: 'backend-unavailable', message: expect.stringContaining('The GPU failed') });
});

const broken = [
  { query: '?without', why: /offers none here/ },
  { query: '?wrong', why: /computes wrong numbers/ },
];
for (const { query, why } of broken) {
  test(`with a GPU "${query}" it trains on wasm, and says why`, async ({ page, serveDist }) => {
    await open(page, serveDist);
    const { description, isColocated, notices, losses } = await page.evaluate(
      async ([script, given]) => ((await import(script)) as OneGpu).openWithout(given),
      [SCRIPT, query] as const,
    );
    expect(description).toMatchObject({ backend: 'wasm', hasKernels: true });
    expect(description.notices.join(' ')).toMatch(why);
    expect(isColocated).toBe(false);
    expect(notices.join(' ')).toContain('in a worker of its own');
    expect(losses.at(-1) as number).toBeLessThan(0.5 * (losses[0] as number));
  });
}
