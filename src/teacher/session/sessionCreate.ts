import { LimbeckError } from '../../core/errors.ts';
import type { NamedArrays } from '../../core/shape.ts';
import { fitInputs } from '../../model/fitInputs.ts';
import type { Model, ModelValue } from '../../model/model.ts';
import { ortValues, runInOrt } from '../../model/ortModel.ts';
import { type PreparedModel, prepareModel } from '../../onnx/edit/prepare.ts';
import type { GpuDevice } from '../../runtime/gpu.ts';
import { type InferenceSession, type OrtDevice, type OrtTensor, startOrt } from '../../runtime/ort.ts';
import { createSession } from '../../runtime/ortSession.ts';
import { fromOrtTensor, isNumericType } from '../../runtime/ortTensors.ts';
import { watchDevice } from './deviceLoss.ts';
import { toHost } from './gpuAnswers.ts';
import { fixedBatchOf, withReadings } from './sessionFeeds.ts';
import type { ModelFiles, Placement, SessionSettings } from './sessionSettings.ts';

/** A teacher's model that an engine has opened; its outputs have their public names. */
export interface SessionEngine extends Model {
  readonly fixedBatch?: number;
  /** A run that leaves the outputs on the GPU, if the engine works on one. */
  runOnGpu?(given: NamedArrays): Promise<Record<string, OrtTensor>>;
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
export async function openOnOrt(
  { bytes, names, externalData, ...known }: ReadyModel,
  settings: SessionSettings,
  placement: Placement & { readonly device: OrtDevice },
  gpuDevice: () => GpuDevice | undefined,
): Promise<SessionEngine> {
  const { name, assetBase, session: options = {} } = settings;
  const { device } = placement;
  if (device === 'native' && externalData.length > 0) {
    throw new LimbeckError('backend-unavailable', 'onnxruntime-node takes no weights from files beside the model.');
  }
  const { ort, threads, notices } = await startOrt({ ...placement, assetBase });
  const gpu = device === 'webgpu' ? gpuDevice() : undefined;
  const chosen = {
    ...options,
    ...providersOf(device, gpu, threads),
    ...(externalData.length > 0 ? { externalData } : {}),
  };
  const session = await createSession(ort, bytes, chosen, { what: 'teacher', name });
  const inputs = withReadings(ortValues(session.inputMetadata, options.freeDimensionOverrides), known);
  const declared = ortValues(session.outputMetadata, options.freeDimensionOverrides);
  const { outputs, fetches, notices: leftOut } = fetchedFrom(declared, names, settings);
  const watched = watchDevice(ort, device, gpu);
  const model = { ort, session, inputs, fetches, what: 'teacher', hint } as const;
  const runOnGpu = async (given: NamedArrays) => {
    const results = await runInOrt(model, fitInputs(given, inputs, 'teacher'), watched);
    return Object.fromEntries(Object.entries(results).map(([fetch, tensor]) => [names[fetch] ?? fetch, tensor]));
  };
  return {
    threads,
    inputs,
    outputs,
    fixedBatch: fixedBatchOf(inputs, settings.recurrent),
    notices: [...notices.map((notice) => `Teacher: ${notice}`), ...leftOut],
    runOnGpu,
    async run(given) {
      const results = Object.entries(await runOnGpu(given));
      const read = results.map(async ([of, tensor]) => [of, fromOrtTensor(await toHost(tensor))] as const);
      return Object.fromEntries(await Promise.all(read));
    },
    dispose: () => session.release(),
  };
}

/** Which of the declared outputs to compute. Throws    unknown-output */
export function fetchedFrom(
  declared: readonly ModelValue[],
  names: Readonly<Record<string, string>>,
  settings: SessionSettings,
): { outputs: ModelValue[]; fetches: string[]; notices: string[] } {
  const fetched = chooseOutputs(declared, names, wantedOf(settings));
  const left = declared.filter(({ type }) => settings.outputs === undefined && !isNumericType(type));
  return {
    outputs: fetched.map((value) => ({ ...value, name: names[value.name] ?? value.name })),
    fetches: fetched.map((value) => value.name),
    notices: left.map(({ name, type }) => `The output "${name}" (${type}) is left out: it is no numbers.`),
  };
}

/** What to do about a fault of a run. */
function hint(why: string): string {
  if (!/cannot be reshaped/i.test(why)) return '';
  return '. A model that was exported for batches of one size is held to it by session: { freeDimensionOverrides }.';
}

/** onnxruntime takes a device only here; it ignores `env.webgpu.device`. */
function providersOf(
  device: OrtDevice,
  gpuDevice: GpuDevice | undefined,
  threads: number,
): InferenceSession.SessionOptions {
  if (device === 'native') return { executionProviders: ['cpu'], intraOpNumThreads: threads };
  if (gpuDevice === undefined) return { executionProviders: [device] };
  const provider = { name: 'webgpu', device: gpuDevice } as unknown as InferenceSession.WebGpuExecutionProviderOption;
  return { executionProviders: [provider], preferredOutputLocation: 'gpu-buffer' };
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
