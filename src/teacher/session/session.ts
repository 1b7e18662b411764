import { LimbeckError, messageOf } from '../../core/errors.ts';
import type { NamedArrays } from '../../core/shape.ts';
import { timePasses } from '../../core/timing.ts';
import { holdModel } from '../../model/holdModel.ts';
import { describeModel, shapesOf } from '../../model/model.ts';
import type { ColocatedTeacher, GpuDevice } from '../../runtime/gpu.ts';
import { readOutputs } from '../read.ts';
import { runRecurrent } from '../recurrent.ts';
import { reviveRead } from '../reviveRead.ts';
import { toGpuAnswers } from './gpuAnswers.ts';
import { hashOfFiles } from './hashOfFiles.ts';
import { batchOf, type ExampleInputs, repeatExamples, runInParts } from './sessionBatches.ts';
import { openOnOrt, type ReadyModel, readyModel, type SessionEngine } from './sessionCreate.ts';
import { toFeeds } from './sessionFeeds.ts';
import type { OnnxSession, OpenedSession, Placement, SessionSettings } from './sessionSettings.ts';
import { tuneBatch } from './tune.ts';

/** wasm code is compiled in tiers; the first passes run in the slow one. */
const WARM_UPS = 5;
const BATCH_SIZES = [1, 8, 16, 32, 64];
/** The most bytes of a batch that is only measured. */
const MOST_MEASURED_BYTES = 64 * 2 ** 20;

interface Opened {
  readonly engine: SessionEngine;
  readonly settings: SessionSettings;
  readonly placement: Placement;
  /** The model's inputs, as batches are cut by them. */
  readonly examples: ExampleInputs;
  readonly softmaxOutputs: readonly string[];
  dispose(): Promise<void>;
}

/**
 * An ONNX model in onnxruntime-web or on the kernels, on the thread where this is called. `gpuDevice` gives the GPU of a student on this
 * thread: a model on WebGPU shares it then.
 */
export function createOnnxSession(
  gpuDevice: () => GpuDevice | undefined = () => undefined,
): OnnxSession & ColocatedTeacher {
  const held = holdModel<Opened>(() => 'teacher');
  const feedsFor = ({ engine, settings }: Opened, inputs: NamedArrays) => toFeeds(inputs, engine.inputs, settings);
  return {
    hash: hashOfFiles,
    async open(files, settings, placement): Promise<OpenedSession> {
      const { engine, examples, softmaxOutputs } = await held.open(async () => {
        // A broken file is reported before an engine is started for it.
        const ready = await readyModel(files, settings);
        return opened(ready, await openEngine(ready, settings, placement, gpuDevice), settings, placement);
      });
      return {
        ...describeModel(engine),
        fixedBatch: examples.fixedBatch,
        softmaxOutputs,
        rawInputs: engine.inputs.flatMap(({ name, type, isPixels }) =>
          type.startsWith('float') && !isPixels ? [name] : [],
        ),
      };
    },
    run: (inputs) =>
      held.use(async (now) => {
        const outputs = await runBatch(now, feedsFor(now, inputs));
        return readHere(now, outputs, batchOf(inputs, now.examples));
      }),
    askOnGpu: (inputs) =>
      held.use(async (now) => {
        const { engine, settings, placement, softmaxOutputs } = now;
        if (engine.runOnGpu === undefined) {
          throw new LimbeckError('teacher-failed', `The teacher on ${placement.device} gives nothing on a GPU.`);
        }
        return toGpuAnswers(await engine.runOnGpu(feedsFor(now, inputs)), { ...settings, softmaxOutputs });
      }),
    timeMs: (inputs, repeats) =>
      held.use((now) => {
        const feeds = feedsFor(now, inputs);
        return timePasses(() => runBatch(now, feeds), repeats, WARM_UPS);
      }),
    measure: (inputs, budgetMs, sizes) =>
      held.use((now) => {
        const feeds = feedsFor(now, inputs);
        return tuneBatch({
          run: (size) => runBatch(now, repeatExamples(feeds, size, now.examples)),
          sizes: sizes ?? sizesFor(feeds, now.examples),
          budgetMs,
        });
      }),
    close: held.close,
  };
}

function opened(ready: ReadyModel, engine: SessionEngine, settings: SessionSettings, placement: Placement): Opened {
  const probs = ready.softmaxOutputs.map((tensor) => ready.names[tensor] ?? tensor);
  return {
    engine,
    settings,
    placement,
    examples: { inputs: shapesOf(engine.inputs), fixedBatch: engine.fixedBatch },
    softmaxOutputs: engine.outputs.flatMap(({ name }) => (probs.includes(name) ? [name] : [])),
    dispose: () => engine.dispose(),
  };
}

function sizesFor(feeds: NamedArrays, examples: ExampleInputs): number[] {
  if (examples.fixedBatch !== undefined) return [examples.fixedBatch];
  const bytesEach = Object.values(feeds).reduce((sum, { data }) => sum + data.byteLength, 0) / batchOf(feeds, examples);
  return BATCH_SIZES.filter((size) => size === 1 || size * bytesEach <= MOST_MEASURED_BYTES);
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
  if (device !== 'kernels') return openOnOrt(ready, settings, { ...placement, device }, gpuDevice);
  const { openOnKernels } = await import('./sessionKernels.ts');
  return openOnKernels(ready, settings, placement);
}

/** On devices other than wasm, an output that cannot be read counts as the device's fault until wasm shows otherwise. */
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
