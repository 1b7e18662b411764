import { LimbeckError, messageOf } from '../../core/errors.ts';
import { sha256 } from '../../core/hash.ts';
import { makeQueue } from '../../core/queue.ts';
import type { NamedArrays } from '../../core/shape.ts';
import type { ColocatedTeacher, GpuDevice } from '../../runtime/gpu.ts';
import { startOrt } from '../../runtime/ort.ts';
import { fromOrtTensor } from '../../runtime/ortTensors.ts';
import { readOutputs, reviveRead } from '../read.ts';
import { runRecurrent } from '../recurrent.ts';
import { toGpuAnswers, toHost } from './gpuAnswers.ts';
import { runInOrt } from './ortRun.ts';
import { batchOf, type ExampleInputs, repeatExamples, runInParts } from './sessionBatches.ts';
import { createOrtSession, type ReadyModel, readyModel, type SessionEngine } from './sessionCreate.ts';
import { type ModelValue, toFeeds } from './sessionFeeds.ts';
import type { OnnxSession, OpenedSession, Placement, SessionSettings } from './sessionSettings.ts';
import { tuneBatch } from './tune.ts';

/** wasm code is compiled in tiers; the first passes run in the slow one. */
const WARM_UPS = 5;
const BATCH_SIZES = [1, 8, 16, 32, 64];
/** A batch that is only measured may not take more than this. */
const MOST_MEASURED_BYTES = 64 * 2 ** 20;

interface Opened {
  readonly engine: SessionEngine;
  readonly settings: SessionSettings;
  readonly placement: Placement;
  /** The model's inputs, as batches are cut by them. */
  readonly examples: ExampleInputs;
  readonly softmaxOutputs: readonly string[];
}

/**
 * An ONNX model in onnxruntime-web or on the kernels, on the thread where this is called. `gpuDevice` gives the GPU of a student on this
 * thread: a model on WebGPU shares it then.
 */
export function createOnnxSession(
  gpuDevice: () => GpuDevice | undefined = () => undefined,
): OnnxSession & ColocatedTeacher {
  // ort takes one run at a time per instance.
  const enqueue = makeQueue();
  let opened: Opened | undefined;

  const requireOpened = (): Opened => {
    if (opened === undefined) throw new LimbeckError('disposed', 'The teacher was disposed; load it again.');
    return opened;
  };

  return {
    async hash({ model, externalData }) {
      const hash = await hashOf(model);
      if (externalData.length === 0) return hash;
      const others = await Promise.all(externalData.map(async ({ path, data }) => `${path} ${await hashOf(data)}`));
      return sha256(new TextEncoder().encode([hash, ...others].join('\n')));
    },
    open: (files, settings, placement) =>
      enqueue(async (): Promise<OpenedSession> => {
        // A broken file is told before anything is started for it.
        const ready = await readyModel(files, settings);
        const engine = await openEngine(ready, settings, placement, gpuDevice);
        const { threads, simdLevel, fixedBatch, notices } = engine;
        const examples = { inputs: shapesOf(engine.inputs), fixedBatch };
        const probs = ready.softmaxOutputs.map((tensor) => ready.names[tensor] ?? tensor);
        const softmaxOutputs = engine.outputs.flatMap(({ name }) => (probs.includes(name) ? [name] : []));
        opened = { engine, settings, placement, examples, softmaxOutputs };
        return {
          ...{ threads, simdLevel, inputs: examples.inputs, outputs: shapesOf(engine.outputs), fixedBatch, notices },
          softmaxOutputs,
          rawInputs: engine.inputs.flatMap(({ name, type, isPixels }) =>
            type.startsWith('float') && !isPixels ? [name] : [],
          ),
        };
      }),
    run: (inputs) =>
      enqueue(async () => {
        const now = requireOpened();
        const outputs = await runBatch(now, toFeeds(inputs, now.engine.inputs, now.settings));
        return readHere(now, outputs, batchOf(inputs, now.examples));
      }),
    askOnGpu: (inputs) =>
      enqueue(async () => {
        const now = requireOpened();
        const { engine, settings, placement, softmaxOutputs } = now;
        if (engine.runOnGpu === undefined) {
          throw new LimbeckError('teacher-failed', `The teacher on ${placement.device} gives nothing on a GPU.`);
        }
        return toGpuAnswers(await engine.runOnGpu(toFeeds(inputs, engine.inputs, settings)), {
          ...settings,
          softmaxOutputs,
        });
      }),
    timeMs: (inputs, repeats) =>
      enqueue(async () => {
        const now = requireOpened();
        const feeds = toFeeds(inputs, now.engine.inputs, now.settings);
        for (let i = 0; i < WARM_UPS; i++) await runBatch(now, feeds);
        const times: number[] = [];
        for (let i = 0; i < repeats; i++) {
          const start = performance.now();
          await runBatch(now, feeds);
          times.push(performance.now() - start);
        }
        return times;
      }),
    measure: (inputs, budgetMs, sizes) =>
      enqueue(async () => {
        const now = requireOpened();
        const feeds = toFeeds(inputs, now.engine.inputs, now.settings);
        return tuneBatch({
          run: (size) => runBatch(now, repeatExamples(feeds, size, now.examples)),
          sizes: sizes ?? sizesFor(feeds, now.examples),
          budgetMs,
        });
      }),
    close: () =>
      enqueue(async () => {
        await opened?.engine.release();
        opened = undefined;
      }),
  };
}

function sizesFor(feeds: NamedArrays, examples: ExampleInputs): number[] {
  if (examples.fixedBatch !== undefined) return [examples.fixedBatch];
  const bytesEach = Object.values(feeds).reduce((sum, { data }) => sum + data.byteLength, 0) / batchOf(feeds, examples);
  return BATCH_SIZES.filter((size) => size === 1 || size * bytesEach <= MOST_MEASURED_BYTES);
}

async function hashOf(blob: Blob): Promise<string> {
  return sha256(new Uint8Array(await blob.arrayBuffer()));
}

function shapesOf(values: readonly ModelValue[]): Record<string, readonly (number | null)[]> {
  return Object.fromEntries(values.map(({ name, shape }) => [name, shape]));
}

function runBatch({ engine, settings, placement, examples }: Opened, feeds: NamedArrays): Promise<NamedArrays> {
  const { inputs } = examples;
  const { recurrent } = settings;
  return runInParts(
    (part) => (recurrent === undefined ? engine.run(part) : runRecurrent(engine.run, part, recurrent, inputs)),
    feeds,
    { fixed: engine.fixedBatch, largest: placement.largestBatch, inputs },
  );
}

async function openEngine(
  ready: ReadyModel,
  settings: SessionSettings,
  placement: Placement,
  gpuDevice: () => GpuDevice | undefined,
): Promise<SessionEngine> {
  const { device } = placement;
  if (device === 'kernels') {
    const { openOnKernels } = await import('./sessionKernels.ts');
    return openOnKernels(ready, settings, placement);
  }
  const { ort, threads, notices } = await startOrt({ ...placement, device, assetBase: settings.assetBase });
  const shared = device === 'webgpu' ? gpuDevice() : undefined;
  const model = await createOrtSession(ort, ready, settings, device, shared);
  const runOnGpu = (given: NamedArrays) => runInOrt(ort, model, device, given);
  return {
    ...model,
    threads,
    notices: [...notices.map((notice) => `Teacher: ${notice}`), ...model.notices],
    runOnGpu,
    async run(given) {
      const outputs = Object.entries(await runOnGpu(given));
      const read = outputs.map(async ([name, tensor]) => [name, fromOrtTensor(await toHost(tensor))] as const);
      return Object.fromEntries(await Promise.all(read));
    },
    release: () => model.session.release(),
  };
}

/** Elsewhere than on wasm an output that cannot be read is the device's fault until wasm has shown otherwise. */
function readHere({ settings, placement }: Opened, outputs: NamedArrays, batch: number): NamedArrays {
  if (settings.read === undefined) return outputs;
  try {
    return readOutputs(reviveRead(settings.read), outputs, batch);
  } catch (error) {
    if (placement.device === 'wasm') throw error;
    throw new LimbeckError('teacher-failed', `The outputs on ${placement.device} are of no use: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
