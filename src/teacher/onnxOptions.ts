import { LimbeckError } from '../core/errors.ts';
import { checkCount, checkKnownOptions, checkOneOf } from '../core/options.ts';
import { checkTaps, type Tap } from '../onnx/taps.ts';
import type { Store } from '../storage/store.ts';
import { COLOCATION, type Colocated } from '../workers/colocation.ts';
import type { WorkerOption } from '../workers/host.ts';
import type { GivenAnswers } from './holdsProbs.ts';
import { checkModelInput, type ModelInput } from './input/modelInput.ts';
import type { FetchModelOptions } from './load/fetchModel.ts';
import type { ReadOutputs } from './read.ts';
import { checkRecurrent, type RecurrentOptions } from './recurrent.ts';
import type { DeviceOption } from './session/devices.ts';
import { isByName } from './session/sessionFeeds.ts';
import type { OrtSessionOptions, SessionSettings } from './session/sessionSettings.ts';

/** How a teacher is fed, tapped and read, where it runs, and where its file comes from. */
export interface LoadTeacherOptions {
  /**
   * Turns raw outputs into what losses compare. A reading of this package, such as `sumOverTime`, runs in the teacher's
   * worker, any other function on the calling thread. Default: the outputs as they are, and an only output is called
   * 'logits'.
   */
  readonly read?: ReadOutputs;
  /** How arrays of the dataset become the model's inputs, for all or by input name; done on the teacher's thread. */
  readonly input?: ModelInput | Readonly<Record<string, ModelInput>>;
  /** Inner tensors of the model to give as outputs. */
  readonly taps?: readonly Tap[];
  /** Cuts away what lies behind the taps, so that it costs nothing. Default false. */
  readonly untilTaps?: boolean;
  /** Walks a model that carries state along a sequence. */
  readonly recurrent?: RecurrentOptions;
  /**
   * What the output 'logits' holds: probabilities are given as their logarithms, which losses read as logits. Default: what
   * the model tells, which may end in a softmax; where it tells nothing, its first answers do.
   */
  readonly given?: GivenAnswers;
  /** The outputs to fetch; default: all. */
  readonly outputs?: readonly string[];
  /**
   * Default 'auto': onnxruntime-web on wasm, or limbeck's own kernels, or WebGPU, where these give what wasm gives and are
   * measured to be faster. A device that is not to be had here, cannot run the model or gives other values than wasm is
   * replaced by the next best, with a notice.
   */
  readonly device?: DeviceOption;
  /** Default: the cores of the device, 4 at most; 1 where the page is not cross-origin isolated. */
  readonly threads?: number;
  /** Examples that the teacher says it wants at a time; it takes any number. Default 'auto': found out on what it is asked. */
  readonly batchSize?: number | 'auto';
  readonly session?: OrtSessionOptions;
  /** What the file must hash to, as subresource integrity. */
  readonly integrity?: FetchModelOptions['integrity'];
  /** Files beside the model that hold its weights. */
  readonly externalData?: FetchModelOptions['externalData'];
  /** Keeps the model's bytes, so that they are fetched once. */
  readonly cache?: FetchModelOptions['cache'];
  /** Keeps what was measured. Default: the store of `cache`, if any. */
  readonly store?: Store;
  /**
   * A trainer on WebGPU: the teacher shares its worker and its GPU, and `distill` with that trainer teaches without a copy
   * of the answers. With a trainer on anything else the teacher has a worker of its own. Colocated, a teacher takes only a
   * "read" of this package.
   */
  readonly colocatedWith?: Colocated;
  readonly worker?: WorkerOption;
  /** The folder that serves the package's .wasm files; default: beside the code. */
  readonly assetBase?: string;
  /** Name for reports; default: the file's. */
  readonly name?: string;
  readonly signal?: AbortSignal;
}

const OPTIONS: Readonly<Record<keyof LoadTeacherOptions, true>> = {
  read: true,
  input: true,
  taps: true,
  untilTaps: true,
  recurrent: true,
  outputs: true,
  given: true,
  device: true,
  threads: true,
  batchSize: true,
  session: true,
  integrity: true,
  externalData: true,
  cache: true,
  store: true,
  colocatedWith: true,
  worker: true,
  assetBase: true,
  name: true,
  signal: true,
};

const SESSION_OPTIONS: Readonly<Record<keyof OrtSessionOptions, true>> = {
  graphOptimizationLevel: true,
  executionMode: true,
  freeDimensionOverrides: true,
  enableCpuMemArena: true,
  enableMemPattern: true,
  extra: true,
};

/** Throws    invalid-option: an unknown option, or one of another form */
export function checkLoadOptions(options: LoadTeacherOptions): void {
  checkKnownOptions(options, Object.keys(OPTIONS), 'loadTeacher');
  const { threads, device = 'auto', batchSize = 'auto', input, taps, untilTaps, recurrent, outputs } = options;
  const { session = {} } = options;
  if (options.given !== undefined) checkOneOf(options.given, 'given', ['logits', 'probs']);
  checkOneOf(device, 'device', ['auto', 'wasm', 'kernels', 'webgpu', 'webnn']);
  if (threads !== undefined) checkCount(threads, 'threads');
  const { colocatedWith } = options;
  if (colocatedWith !== undefined && !isTrainer(colocatedWith)) {
    throw new LimbeckError('invalid-option', '"colocatedWith" must be a trainer; await openTrainer(…) first.');
  }
  if (batchSize !== 'auto') checkCount(batchSize, 'batchSize');
  for (const one of isByName(input) ? Object.values(input) : input === undefined ? [] : [input]) checkModelInput(one);
  checkTaps(taps, untilTaps);
  if (recurrent !== undefined) checkRecurrent(recurrent);
  const isNames = outputs === undefined || (outputs.length > 0 && outputs.every((name) => typeof name === 'string'));
  if (!isNames) {
    throw new LimbeckError('invalid-option', `"outputs" was ${String(outputs)}; it must be names, at least one.`);
  }
  checkKnownOptions(session, Object.keys(SESSION_OPTIONS), 'session');
  const { graphOptimizationLevel = 'all', executionMode = 'sequential', freeDimensionOverrides = {} } = session;
  checkOneOf(graphOptimizationLevel, 'graphOptimizationLevel', ['disabled', 'basic', 'extended', 'layout', 'all']);
  checkOneOf(executionMode, 'executionMode', ['sequential', 'parallel']);
  for (const [name, length] of Object.entries(freeDimensionOverrides)) checkCount(length, name);
}

/** A teacher that is colocated has the symbol too. */
function isTrainer(given: unknown): given is Colocated {
  return typeof given === 'object' && given !== null && COLOCATION in given && 'train' in given;
}

/** What of it a session is told. */
export function settingsOf(name: string, options: LoadTeacherOptions): SessionSettings {
  const { assetBase, input, session, taps, untilTaps, recurrent, outputs, read, given } = options;
  return { name, assetBase, input, session, taps, untilTaps, recurrent, outputs, read: read?.spec, given };
}
