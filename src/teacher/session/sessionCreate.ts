import { LimbeckError } from '../../core/errors.ts';
import type { NamedArrays } from '../../core/shape.ts';
import { type PreparedModel, prepareModel } from '../../onnx/edit/prepare.ts';
import type { SimdLevel } from '../../runtime/capabilities.ts';
import type { GpuDevice } from '../../runtime/gpu.ts';
import type { InferenceSession, Ort, OrtDevice, OrtTensor } from '../../runtime/ort.ts';
import { createSession, knownLength } from '../../runtime/ortSession.ts';
import { isNumericType } from '../../runtime/ortTensors.ts';
import { fixedBatchOf, type ModelValue, own, withReadings } from './sessionFeeds.ts';
import type { ModelFiles, SessionSettings } from './sessionSettings.ts';

/** A model that an engine has opened. */
export interface SessionEngine {
  readonly threads: number;
  /** Of limbeck's kernels. */
  readonly simdLevel?: SimdLevel | undefined;
  readonly inputs: readonly ModelValue[];
  readonly outputs: readonly ModelValue[];
  readonly fixedBatch?: number;
  readonly notices: readonly string[];
  /** One run, by public names. */
  run(given: NamedArrays): Promise<NamedArrays>;
  /** The same with the outputs left on the GPU, where the engine works on one. */
  runOnGpu?(given: NamedArrays): Promise<Record<string, OrtTensor>>;
  release(): Promise<void>;
}

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
  { bytes, names, externalData, ...known }: ReadyModel,
  settings: SessionSettings,
  device: OrtDevice,
  gpuDevice?: GpuDevice,
): Promise<OrtModel> {
  const { name, session: options = {} } = settings;
  const chosen = {
    ...options,
    ...providersOf(device, gpuDevice),
    ...(externalData.length > 0 ? { externalData } : {}),
  };
  const session = await createSession(ort, bytes, chosen, { what: 'teacher', name });
  const inputs = withReadings(valuesOf(session.inputMetadata, options.freeDimensionOverrides), known);
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
  return typeof length === 'string' ? (own(lengths, length) ?? null) : knownLength(length);
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
