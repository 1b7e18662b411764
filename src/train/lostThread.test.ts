import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { LimbeckError } from '../core/errors.ts';
import type { BackendOptions } from '../runtime/backends/backend.ts';
import { backendOptions } from '../runtime/cases/assetCases.ts';
import { currentKernels, type InstalledKernels } from '../runtime/kernels/install.ts';
import type { PoolDamage } from '../runtime/kernels/pool.ts';
import * as tf from '../runtime/tf.ts';
import { mlp } from '../student/zoo/mlp.ts';
import { createEngine, type EngineEvent, type TrainJob, type TrainSource } from './engine.ts';
import { bytesOf, CLASSES, FEATURES, makeJob, never, problem, sourceOf, student } from './engineCases.ts';

/** Node has no threads for the kernels, so the tests report one as lost and make a kernel fail as it would then. */
const { opened, fate } = vi.hoisted(() => ({
  opened: [] as (number | undefined)[],
  fate: { damage: undefined as PoolDamage | undefined, isFull: false },
}));
vi.mock('../runtime/backends/open.ts', async (importOriginal) => {
  const original = await importOriginal<typeof import('../runtime/backends/open.ts')>();
  return {
    async openBackendHere(options: BackendOptions) {
      if (fate.isFull) throw new LimbeckError('out-of-memory', 'No room.');
      opened.push(options.threads);
      fate.damage = undefined;
      const { threads = 1 } = options;
      const backend = await original.openBackendHere(options);
      const description = { ...backend.description, threads };
      return { ...backend, description, damage: () => fate.damage };
    },
  };
});

const engine = createEngine();
beforeAll(() => engine.open({ ...backendOptions('wasm'), threads: 3 }));
afterAll(() => engine.close());

async function train(changed: Partial<TrainJob> = {}, source: TrainSource = sourceOf(problem), signal = never) {
  const told: string[] = [];
  const emit = (event: EngineEvent) => void (event.type === 'notice' && told.push(event.message));
  return { ...(await engine.train(await makeJob(changed), source, emit, signal)), told };
}

/** Calls `act` before a batch is read; each is read while the previous one is learned. */
function sourceThat(act: () => void, read: number): TrainSource {
  const source = sourceOf(problem);
  let reads = 0;
  return {
    ...source,
    async read(indices) {
      if (++reads === read) act();
      return source.read(indices);
    },
  };
}

/** From then on the kernel ends as if a helper died, once, or this thread trapped. */
function dieIn(kernelName: string, damage: PoolDamage = 'dead-thread'): void {
  replaceOnce(kernelName, () => {
    fate.damage = damage;
    throw damage === 'dead-thread' ? new LimbeckError('thread-died', 'It died.') : new WebAssembly.RuntimeError();
  });
}

function replaceOnce(kernelName: string, run: () => tf.TensorInfo[]): void {
  const original = tf.getKernel(kernelName, 'wasm') as tf.KernelConfig;
  tf.unregisterKernel(kernelName, 'wasm');
  tf.registerKernel({
    ...original,
    kernelFunc() {
      tf.unregisterKernel(kernelName, 'wasm');
      tf.registerKernel(original);
      return run();
    },
  });
}

test('a thread that dies in a step ends the run with the weights of the step before', async () => {
  const controller = new AbortController();
  const stopped = await train(
    {},
    sourceThat(() => controller.abort(), 3),
    controller.signal,
  );
  const untouched = await train({ size: 0, epochs: 0 });
  const died = await train(
    {},
    sourceThat(() => dieIn('_FusedMatMul'), 3),
  );
  expect(died.error).toMatchObject({ code: 'thread-died' });
  expect((died.error as LimbeckError).details).not.toHaveProperty('isHalfApplied');
  // Both ended in the second step.
  expect(bytesOf(died.artifacts)).toEqual(bytesOf(stopped.artifacts));
  expect(bytesOf(died.artifacts)).not.toEqual(bytesOf(untouched.artifacts));
});

test('and the next run starts on a new heap with one thread less, and says so', async () => {
  expect(opened).toEqual([3]);
  const { told, error } = await train();
  expect(error).toBeUndefined();
  expect(told).toEqual(['One of 3 threads died, so training goes on with 2.']);
  expect((await train()).told).toEqual([]);
  expect(opened).toEqual([3, 2]);
});

test('a trap on this thread costs no thread: the same number starts again', async () => {
  const { error } = await train(
    {},
    sourceThat(() => dieIn('_FusedMatMul', 'torn-job'), 3),
  );
  expect(error).toBeInstanceOf(WebAssembly.RuntimeError);
  expect((await train()).told).toEqual([]);
  expect(opened).toEqual([3, 2, 2]);
});

/** More than this thread updates alone. */
const wide = mlp({ inputShape: [FEATURES], classes: CLASSES, hidden: [6000] });

test.each([
  ['few weights are updated by this thread alone', student, true],
  ['many by all', wide, false],
])('%s', async (_what, trained, isAlone) => {
  await train({ size: 0, epochs: 0 });
  const kernels = currentKernels() as InstalledKernels;
  const { alone } = kernels;
  let isNow = false;
  vi.spyOn(kernels, 'alone').mockImplementation((work) => {
    isNow = true;
    return alone(() => work());
  });
  const seen: boolean[] = [];
  replaceOnce('OptimizerStep', () => {
    seen.push(isNow);
    return [];
  });
  await train({ student: await trained.portable(), size: 32 });
  expect(seen).toEqual([isAlone]);
});

test('if one dies while many weights are updated, they are lost: half of them belong to no step', async () => {
  const source = sourceThat(() => dieIn('OptimizerStep'), 4);
  const dying = train({ student: await wide.portable() }, source);
  await expect(dying).rejects.toMatchObject({ code: 'thread-died', details: { isHalfApplied: true } });
});

test('a failed start is tried again at the next use', async () => {
  fate.isFull = true;
  await expect(train()).rejects.toMatchObject({ code: 'out-of-memory' });
  fate.isFull = false;
  expect((await train()).told).toEqual(['One of 2 threads died, so training goes on with 1.']);
  expect(opened).toEqual([3, 2, 2, 1]);
});

test('one that dies in a prediction during a run ends that run too, with the weights of its last step', async () => {
  await engine.open({ ...backendOptions('wasm'), threads: 3 });
  const controller = new AbortController();
  const stopped = await train(
    {},
    sourceThat(() => controller.abort(), 4),
    controller.signal,
  );
  const died = await train(
    {},
    sourceThat(() => {
      fate.damage = 'dead-thread';
    }, 3),
  );
  expect(died.error).toMatchObject({ code: 'thread-died', message: expect.stringContaining('beside') });
  expect(bytesOf(died.artifacts)).toEqual(bytesOf(stopped.artifacts));
  expect((await train()).error).toBeUndefined();
});
