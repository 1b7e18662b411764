import { LimbeckError, messageOf } from '../../core/errors.ts';
import { sha256 } from '../../core/hash.ts';
import { makeQueue } from '../../core/queue.ts';
import type { NamedArrays } from '../../core/shape.ts';
import type { GpuDevice, NearTeacher } from '../../runtime/gpu.ts';
import { type InferenceSession, type Ort, type OrtTensor, startOrt } from '../../runtime/ort.ts';
import { readOutputs, reviveRead } from '../read.ts';
import { runRecurrent } from '../recurrent.ts';
import { batchOf, type ExampleInputs, repeatExamples, runInParts } from './sessionBatches.ts';
import { createOrtSession, type DeviceLoss, type OrtModel, readyModel } from './sessionCreate.ts';
import { fitShape, type ModelValue, own, toFeeds } from './sessionFeeds.ts';
import { toGpuAnswers, toHost } from './sessionNear.ts';
import type { OnnxSession, OpenedSession, Placement, SessionSettings } from './sessionSettings.ts';
import { fromOrtTensor, toOrtTensor } from './sessionTensors.ts';
import { tuneBatch } from './tune.ts';

/** wasm code is compiled in tiers; the first passes run in the slow one. */
const WARM_UPS = 5;
/** How long to wait for the news that a GPU is lost, where a run on it failed. */
const LOSS_MS = 250;
const BATCH_SIZES = [1, 8, 16, 32, 64];
/** A batch that is only measured may not take more than this. */
const MOST_MEASURED_BYTES = 64 * 2 ** 20;

interface Opened extends OrtModel {
  readonly ort: Ort;
  readonly settings: SessionSettings;
  readonly placement: Placement;
  /** The model's inputs, as batches are cut by them. */
  readonly examples: ExampleInputs;
}

/**
 * An ONNX model in onnxruntime-web, on the thread where this is called. `gpuDevice` gives the GPU of a student on this
 * thread: a model on WebGPU shares it then.
 */
export function createOnnxSession(gpuDevice: () => GpuDevice | undefined = () => undefined): OnnxSession & NearTeacher {
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
        const { ort, threads, notices } = await startOrt({ ...placement, assetBase: settings.assetBase });
        const shared = placement.device === 'webgpu' ? gpuDevice() : undefined;
        const model = await createOrtSession(ort, ready, settings, placement, shared);
        const examples = { inputs: shapesOf(model.inputs), fixedBatch: model.fixedBatch };
        opened = { ort, settings, placement, examples, ...model };
        return {
          threads,
          inputs: examples.inputs,
          outputs: shapesOf(model.outputs),
          fixedBatch: model.fixedBatch,
          notices: [...notices, ...model.notices],
        };
      }),
    run: (inputs) =>
      enqueue(async () => {
        const now = requireOpened();
        const outputs = await runBatch(now, toFeeds(inputs, now.inputs, now.settings));
        return readHere(now, outputs, batchOf(inputs, now.examples));
      }),
    askOnGpu: (inputs) =>
      enqueue(async () => {
        const now = requireOpened();
        return toGpuAnswers(await runRaw(now, toFeeds(inputs, now.inputs, now.settings)), now.settings);
      }),
    timeMs: (inputs, repeats) =>
      enqueue(async () => {
        const now = requireOpened();
        const feeds = toFeeds(inputs, now.inputs, now.settings);
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
        const feeds = toFeeds(inputs, now.inputs, now.settings);
        return tuneBatch({
          run: (size) => runBatch(now, repeatExamples(feeds, size, now.examples)),
          sizes: sizes ?? sizesFor(feeds, now.examples),
          budgetMs,
        });
      }),
    close: () =>
      enqueue(async () => {
        await opened?.session.release();
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

function runBatch(opened: Opened, feeds: NamedArrays): Promise<NamedArrays> {
  const { settings, placement, fixedBatch } = opened;
  const { inputs } = opened.examples;
  const { recurrent } = settings;
  const run = (given: NamedArrays) => runOnce(opened, given);
  return runInParts(
    (part) => (recurrent === undefined ? run(part) : runRecurrent(run, part, recurrent, inputs)),
    feeds,
    { fixed: fixedBatch, largest: placement.largestBatch, inputs },
  );
}

async function runOnce(opened: Opened, given: NamedArrays): Promise<NamedArrays> {
  const outputs = Object.entries(await runRaw(opened, given));
  const read = outputs.map(async ([name, tensor]) => [name, fromOrtTensor(await toHost(tensor))] as const);
  return Object.fromEntries(await Promise.all(read));
}

/** Throws    shape-mismatch · teacher-failed · out-of-memory */
async function runRaw({ ort, session, placement, inputs, fetches, names, loss }: Opened, given: NamedArrays) {
  const feeds: Record<string, OrtTensor> = Object.create(null);
  for (const info of inputs) {
    const array = own(given, info.name);
    if (array === undefined) {
      throw new LimbeckError('unknown-input', `The teacher reads the input "${info.name}"; nothing gives it.`, {
        details: { needed: info.name, given: Object.keys(given) },
      });
    }
    feeds[info.name] = toOrtTensor(ort, info.name, info.type, fitShape(array, info));
  }
  let results: InferenceSession.OnnxValueMapType;
  try {
    results = await unlessLost(session.run(feeds, fetches), loss);
  } catch (error) {
    if (placement.device === 'webgpu') await lossToldSoon(loss);
    throw runFault(loss.error ?? error);
  }
  return Object.fromEntries(
    Object.entries(results).map(([name, tensor]) => [names[name] ?? name, tensor as OrtTensor]),
  );
}

/** A promise of the loss itself would keep the results of every run that was raced against it. */
function unlessLost<T>(running: Promise<T>, loss: DeviceLoss): Promise<T> {
  if (loss.error !== undefined) return Promise.reject(loss.error);
  return new Promise<T>((resolve, reject) => {
    loss.tell = reject;
    running.then(resolve, reject);
  }).finally(() => {
    loss.tell = undefined;
  });
}

/** A run on a lost GPU may end before its loss is told. */
function lossToldSoon(loss: DeviceLoss): Promise<void> {
  return new Promise((resolve) => {
    if (loss.error !== undefined) resolve();
    loss.tell = () => resolve();
    setTimeout(resolve, LOSS_MS);
  });
}

function runFault(error: unknown): LimbeckError {
  // onnxruntime adds lines of its own source to some faults.
  const why = messageOf(error).split('\n')[0]?.trim() ?? '';
  if (/out of memory|bad_alloc|allocat|\bOOM\b/i.test(why)) {
    return new LimbeckError('out-of-memory', `There is no room for the teacher to compute a batch: ${why}`, {
      cause: error,
    });
  }
  // After a trap the instance is of no use any more; another one may do better.
  const isCrash = error instanceof WebAssembly.RuntimeError || why.startsWith('Aborted');
  const hint = /cannot be reshaped/i.test(why)
    ? '. A model that was exported for batches of one size is held to it by session: { freeDimensionOverrides }.'
    : '';
  return new LimbeckError('teacher-failed', `The teacher failed on a batch: ${why}${hint}`, {
    details: { isCrash },
    cause: error,
  });
}

/** On a GPU an output that cannot be read is the device's fault until wasm has shown otherwise. */
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
