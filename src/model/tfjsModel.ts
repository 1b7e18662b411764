// A tfjs model of either format, of layers or a graph, on this thread's backend.
import { LimbeckError, messageOf } from '../core/errors.ts';
import { withDefaultName } from '../core/outputs.ts';
import type { NamedArrays, NdArray } from '../core/shape.ts';
import { openBackendHere } from '../runtime/backends/open.ts';
import { buildGraphModel } from '../runtime/graphModel.ts';
import { toArray, toTensor } from '../runtime/tensors.ts';
import * as tf from '../runtime/tf.ts';
import { buildStudent } from '../student/build.ts';
import { readBytes } from '../student/byteReading.ts';
import { openForward } from '../student/forward.ts';
import type { PortableStudent } from '../student/student.ts';
import { batchFault, type Model, type ModelRole, type ModelValue } from './model.ts';
import type { GraphArtifacts, PortableTfjsModel } from './portableModel.ts';

export interface TfjsModelOptions {
  readonly name: string;
  readonly what: ModelRole;
  readonly threads?: number;
  readonly assetBase?: string;
}

type BuiltModel = Pick<Model, 'inputs' | 'outputs' | 'run'> & { dispose(): void };

/**
 * Opens a tfjs model on this thread: on its current backend, or on one of limbeck's where there is none yet.
 * Throws    teacher-failed: tfjs cannot build it · student-invalid: it cannot, and it is a student · backend-unavailable ·
 *           wasm-blocked · out-of-memory
 */
export async function openTfjsModel(portable: PortableTfjsModel, options: TfjsModelOptions): Promise<Model> {
  const { what, threads, assetBase } = options;
  // tfjs has one backend a thread, and a second opening would take it away from whoever has it.
  const backend = tf.getBackend() ? undefined : await openBackendHere({ threads, assetBase });
  let built: BuiltModel;
  try {
    built = await build(portable, options);
  } catch (error) {
    await backend?.dispose();
    throw error;
  }
  const { description } = backend ?? {};
  return {
    threads: description?.threads ?? 1,
    ...(description?.hasKernels && { simdLevel: description.simdLevel }),
    inputs: built.inputs,
    outputs: built.outputs,
    notices: description?.notices ?? [],
    async run(given) {
      try {
        return await built.run(given);
      } catch (error) {
        if (what === 'student' && error instanceof LimbeckError) throw error;
        throw batchFault(what, messageOf(error), error);
      }
    },
    async dispose() {
      built.dispose();
      await backend?.dispose();
    },
  };
}

async function build(portable: PortableTfjsModel, { name, what }: TfjsModelOptions): Promise<BuiltModel> {
  try {
    return portable.kind === 'layers' ? await buildLayers(portable.student) : await buildGraph(portable.artifacts);
  } catch (error) {
    if (what === 'student' && error instanceof LimbeckError) throw error;
    throw new LimbeckError(
      'teacher-failed',
      `The tfjs model "${name}" could not be built: ${messageOf(error)} Check that its files are whole and that its ` +
        'layers and operations are tfjs’s own.',
      { cause: error },
    );
  }
}

async function buildLayers(student: PortableStudent): Promise<BuiltModel> {
  const model = await buildStudent(student, 0);
  const forward = openForward(model);
  // A sequential model does not always name its only input.
  const inputs = model.inputs.map(({ shape }, i) => modelValue(model.inputNames[i] ?? 'input', shape));
  const shapes = model.outputs.map(({ shape }, i) => [model.outputNames[i] as string, shape] as const);
  return {
    inputs,
    outputs: modelValues(withDefaultName(Object.fromEntries(shapes))),
    run: async (given) => forward.run(inputs.map(({ name }, i) => readBytes(model, i, given[name] as NdArray))),
    dispose() {
      forward[Symbol.dispose]();
      model.dispose();
    },
  };
}

async function buildGraph(artifacts: GraphArtifacts): Promise<BuiltModel> {
  const model = await buildGraphModel({
    ...artifacts,
    weightSpecs: [...artifacts.weightSpecs],
  } as tf.io.ModelArtifacts);
  const inputs = model.inputs.map(({ shape }, i) => modelValue(model.inputNodes[i] as string, shape ?? []));
  const keys = model.modelStructuredOutputKeys as readonly string[] | undefined;
  // "Identity:0" is the first output of the node Identity.
  const names = model.outputNodes.map((node, i) => keys?.[i] ?? node.replace(/:0$/, ''));
  const named = <T>(each: readonly T[]) =>
    withDefaultName(Object.fromEntries(names.map((name, i) => [name, each[i] as T])));
  let isDynamic = false;

  /** Graphs with loops, or with lengths that depend on the data, run asynchronously only: tfjs tells by refusing. */
  async function execute(feeds: tf.NamedTensorMap): Promise<tf.Tensor[]> {
    if (!isDynamic) {
      try {
        return [model.execute(feeds, model.outputNodes)].flat();
      } catch (error) {
        if (!messageOf(error).includes('executeAsync')) throw error;
        isDynamic = true;
      }
    }
    return [await model.executeAsync(feeds, model.outputNodes)].flat();
  }

  return {
    inputs,
    outputs: modelValues(named(model.outputs.map(({ shape }) => shape))),
    async run(given): Promise<NamedArrays> {
      const tensors = inputs.map(({ name }, i) => asDeclared(toTensor(given[name] as NdArray), model.inputs[i]?.dtype));
      const feeds = Object.fromEntries(inputs.map(({ name }, i) => [name, tensors[i] as tf.Tensor]));
      const outputs = await execute(feeds).finally(() => tf.dispose(tensors));
      try {
        return named(outputs.map(toArray));
      } finally {
        tf.dispose(outputs);
      }
    },
    dispose: () => model.dispose(),
  };
}

/** An input or output; a graph need not declare its shape. */
function modelValue(name: string, shape: readonly (number | null)[]): ModelValue {
  const lengths = shape.map((length) => (length === null || length < 0 ? null : length));
  return { name, type: 'float32', shape: lengths, isAnyShape: shape.length === 0 };
}

function modelValues(shapes: Readonly<Record<string, readonly (number | null)[] | undefined>>): ModelValue[] {
  return Object.entries(shapes).flatMap(([name, shape]) => (shape ? [modelValue(name, shape)] : []));
}

function asDeclared(tensor: tf.Tensor, dtype: tf.DataType | undefined): tf.Tensor {
  if (dtype === undefined || dtype === tensor.dtype) return tensor;
  const cast = tf.cast(tensor, dtype);
  tensor.dispose();
  return cast;
}
