import { LimbeckError, messageOf } from '../../core/errors.ts';
import { type PreparedModel, prepareModel } from '../../onnx/prepare.ts';
import type { GpuDevice } from '../../runtime/gpu.ts';
import type { InferenceSession, Ort, OrtDevice } from '../../runtime/ort.ts';
import { fixedBatchOf, type ModelValue, own } from './sessionFeeds.ts';
import type { ModelFiles, SessionSettings } from './sessionSettings.ts';
import { isNumericType } from './sessionTensors.ts';

/** An ONNX model as onnxruntime runs it. */
export interface OrtModel {
  readonly session: InferenceSession;
  readonly inputs: readonly ModelValue[];
  readonly outputs: readonly ModelValue[];
  /** The outputs to compute, by the names that the file gives them, and the public names of those that have another. */
  readonly fetches: readonly string[];
  readonly names: Readonly<Record<string, string>>;
  readonly fixedBatch?: number;
  readonly notices: readonly string[];
  readonly loss: DeviceLoss;
}

/** A model that was checked and tapped as the settings say: ready for onnxruntime, which it needs not be there for. */
export interface ReadyModel extends PreparedModel {
  readonly externalData: ModelFiles['externalData'];
}

/** Throws    invalid-onnx: the bytes are no ONNX model, or a broken one · unknown-tensor */
export async function readyModel({ model, externalData }: ModelFiles, settings: SessionSettings): Promise<ReadyModel> {
  const { name, taps, untilTaps } = settings;
  const externalFiles = externalData.map(({ path }) => path);
  const whole = new Uint8Array(await model.arrayBuffer());
  return { ...prepareModel(whole, { name, taps, untilTaps, externalFiles }), externalData };
}

/**
 * Opens a model in onnxruntime. On a GPU that is given, its outputs stay there.
 * Throws    invalid-onnx: onnxruntime does not take it · unknown-output · backend-unavailable · out-of-memory
 */
export async function createOrtSession(
  ort: Ort,
  { bytes, names, inputsOfAnyShape, externalData }: ReadyModel,
  settings: SessionSettings,
  device: OrtDevice,
  gpuDevice?: GpuDevice,
): Promise<OrtModel> {
  const { name, session: options = {} } = settings;
  const session = await create(ort, bytes, name, {
    graphOptimizationLevel: 'all',
    // Warnings of how a graph was split between devices are nothing to a page's console.
    logSeverityLevel: 3,
    ...options,
    ...providersOf(device, gpuDevice),
    ...(externalData.length > 0 ? { externalData } : {}),
  });
  const inputs = valuesOf(session.inputMetadata, options.freeDimensionOverrides).map((value) =>
    inputsOfAnyShape.includes(value.name) ? { ...value, isAnyShape: true } : value,
  );
  return {
    session,
    inputs,
    ...fetchedFrom(valuesOf(session.outputMetadata, options.freeDimensionOverrides), names, settings),
    names,
    fixedBatch: fixedBatchOf(inputs, settings.recurrent),
    loss: watchDevice(ort, device, gpuDevice),
  };
}

/** Which of the declared outputs to compute. Throws    unknown-output */
export function fetchedFrom(
  declared: readonly ModelValue[],
  names: Readonly<Record<string, string>>,
  settings: SessionSettings,
): Pick<OrtModel, 'outputs' | 'fetches' | 'notices'> {
  const fetched = chooseOutputs(declared, names, wantedOf(settings));
  const left = declared.filter(({ type }) => settings.outputs === undefined && !isNumericType(type));
  return {
    outputs: fetched.map((value) => ({ ...value, name: names[value.name] ?? value.name })),
    fetches: fetched.map((value) => value.name),
    notices: left.map(({ name, type }) => `The output "${name}" (${type}) is left out: it is no numbers.`),
  };
}

/** onnxruntime takes a device only here; what `env.webgpu.device` is set to, it does not read. */
function providersOf(device: OrtDevice, gpuDevice: GpuDevice | undefined): InferenceSession.SessionOptions {
  if (gpuDevice === undefined) return { executionProviders: [device] };
  const provider = { name: 'webgpu', device: gpuDevice } as unknown as InferenceSession.WebGpuExecutionProviderOption;
  return { executionProviders: [provider], preferredOutputLocation: 'gpu-buffer' };
}

async function create(ort: Ort, bytes: Uint8Array, name: string, options: InferenceSession.SessionOptions) {
  try {
    return await ort.InferenceSession.create(bytes, options);
  } catch (error) {
    const why = messageOf(error).trim();
    // Names that are quoted from the file, as in Node (x), may hold any word.
    if (/memory|allocat|\bOOM\b/i.test(why.replace(/'[^']*'|"[^"]*"|\w+ \([^)]*\)/g, ''))) {
      throw new LimbeckError('out-of-memory', `There is no room for the teacher "${name}": ${why}`, { cause: error });
    }
    // ort says so where its own WebAssembly did not start; any other fault is the model's.
    if (why.startsWith('no available backend')) {
      throw new LimbeckError(
        'backend-unavailable',
        `onnxruntime-web did not start (${why}). Its files, ort-wasm-simd-threaded.mjs and .wasm, must be served ` +
          'beside limbeck’s worker.',
        { cause: error },
      );
    }
    throw new LimbeckError(
      'invalid-onnx',
      `"${name}" (${bytes.byteLength} bytes) is no ONNX model that can be run: ${why} ${hintFor(why)}`,
      { details: { name, bytes: bytes.byteLength }, cause: error },
    );
  }
}

function hintFor(why: string): string {
  if (/is not a registered function|No Op registered/i.test(why)) {
    return 'onnxruntime-web has no such operator: export the model without it, or for another operator set.';
  }
  if (/Unsupported model IR version|is under development/i.test(why)) {
    return 'It is newer than onnxruntime-web: export it for an older version of the format.';
  }
  if (/unsupported data type/i.test(why)) {
    return 'An input or output is of a type that onnxruntime-web does not give, such as bfloat16: export it as float32.';
  }
  return 'Check that it was exported for onnxruntime.';
}

function valuesOf(
  metadata: InferenceSession['inputMetadata'],
  lengths: Readonly<Record<string, number>> = {},
): ModelValue[] {
  return metadata.map((value) => ({
    name: value.name,
    type: value.isTensor ? value.type : 'not a tensor',
    shape: value.isTensor ? value.shape.map((length) => lengthOf(length, lengths)) : [],
  }));
}

function lengthOf(length: number | string, lengths: Readonly<Record<string, number>>): number | null {
  if (typeof length === 'string') return own(lengths, length) ?? null;
  // A free length without a name is −1, and onnxruntime-web reads that as 2³² − 1.
  return length >= 0 && length < 2 ** 31 ? length : null;
}

/** A walk along a sequence needs the model's states too, whatever else is wanted. */
function wantedOf({ outputs, recurrent }: SessionSettings): readonly string[] | undefined {
  return outputs && [...new Set([...outputs, ...Object.values(recurrent?.state ?? {})])];
}

/** Throws    unknown-output */
function chooseOutputs(
  declared: readonly ModelValue[],
  names: Readonly<Record<string, string>>,
  wanted: readonly string[] | undefined,
): ModelValue[] {
  const numeric = declared.filter(({ type }) => isNumericType(type));
  if (numeric.length === 0) {
    throw new LimbeckError('unknown-output', 'The model gives no numbers that a student could learn from.', {
      details: { given: declared.map(({ name, type }) => `${name}: ${type}`) },
    });
  }
  return (wanted ?? numeric.map(({ name }) => name)).map((name) => {
    const found = declared.find((value) => names[value.name] === name) ?? declared.find((value) => value.name === name);
    if (found !== undefined && isNumericType(found.type)) return found;
    const known = declared.filter(({ type }) => isNumericType(type)).map((value) => names[value.name] ?? value.name);
    throw new LimbeckError(
      'unknown-output',
      `"outputs" names "${name}", which the model does not give as numbers; it gives ${known.join(', ')}.`,
      { details: { needed: name, given: known } },
    );
  });
}

/** The loss of a GPU. onnxruntime's runs may stay pending then, so whoever waits for one is told through `tell`. */
export interface DeviceLoss {
  error?: Error;
  tell?: (error: Error) => void;
}

interface Gpu {
  readonly lost: Promise<{ readonly reason: string; readonly message: string }>;
}

function watchDevice(ort: Ort, device: OrtDevice, gpuDevice: GpuDevice | undefined): DeviceLoss {
  const loss: DeviceLoss = {};
  if (device !== 'webgpu') return loss;
  const getting = gpuDevice ?? (ort.env.webgpu.device as unknown as Promise<Gpu>);
  Promise.resolve(getting)
    .then((gpu) => gpu.lost)
    .then(({ reason, message }) => {
      loss.error = new Error(`the GPU was lost (${message || reason || 'no reason was given'})`);
      loss.tell?.(loss.error);
    })
    .catch(() => undefined);
  return loss;
}
