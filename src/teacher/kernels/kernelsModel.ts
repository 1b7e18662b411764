import { LimbeckError, messageOf } from '../../core/errors.ts';
import { formatShape, type NamedArrays } from '../../core/shape.ts';
import { describeModel } from '../../onnx/describe/describe.ts';
import { type OnnxModel, readModel } from '../../onnx/model.ts';
import { simplify } from '../../onnx/simplify.ts';
import type { SimdLevel } from '../../runtime/capabilities.ts';
import { isOutOfMemory } from '../../runtime/kernels/allocation.ts';
import type { Plan } from '../../runtime/kernels/plan.ts';
import { makePlans } from '../../runtime/kernels/plans.ts';
import * as tf from '../../runtime/tf.ts';
import { execute, type KeptTensors, missingOperators } from './execute.ts';
import { type ExternalFiles, readExternalWeights } from './externalWeights.ts';
import { type Known, knownValues } from './knownValues.ts';
import { leaseKernels } from './lease.ts';
import { toProgram } from './program.ts';
import { withoutHalves } from './withoutHalves.ts';

/** An input or output as the model declares it; a free length is null. */
export interface KernelsValue {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly (number | null)[];
}

/** An ONNX model on limbeck's own kernels. It holds memory: dispose it when done. */
export interface KernelsModel {
  readonly threads: number;
  readonly simdLevel?: SimdLevel | undefined;
  readonly notices: readonly string[];
  readonly inputs: readonly KernelsValue[];
  readonly outputs: readonly KernelsValue[];
  /** All outputs of the model, by name. Throws    teacher-failed · out-of-memory */
  run(inputs: NamedArrays): NamedArrays;
  /** Milliseconds of each call of compiled code of the last recorded run. */
  time(): ReturnType<Plan['time']> | undefined;
  /** Frees everything at once; resolves when its threads have ended too. */
  dispose(): Promise<void>;
}

export interface KernelsModelOptions {
  readonly name: string;
  readonly threads?: number;
  /** The highest SIMD level to use; default: the engine's. */
  readonly simdLevel?: SimdLevel | undefined;
  readonly assetBase?: string;
  /** Lengths for free dimensions, by the names that the model gives them. */
  readonly dimensions?: Readonly<Record<string, number>>;
  /** External files with weights. */
  readonly externalData?: ExternalFiles;
}

/** An input without values, such as an empty batch, cannot be recorded. */
const isEmpty = (shape: readonly number[]) => shape.includes(0);

/**
 * Opens a model that has been checked and tapped.
 * Throws    unsupported-operator: the kernels cannot run it · invalid-onnx · backend-unavailable · out-of-memory
 */
export async function openKernelsModel(bytes: Uint8Array, options: KernelsModelOptions): Promise<KernelsModel> {
  const { model, program, inputs, outputs } = await prepare(bytes, options);
  const missing = missingOperators(program);
  if (missing !== undefined) throw missing;
  const lease = await leaseKernels(options);
  const kept: KeptTensors = new Map();
  const known = rememberKnown(model);
  const plans = makePlans({ compute: (tensors) => execute(program, known(tensors), kept, tensors) });
  let disposed: Promise<void> | undefined;
  return {
    threads: lease.threads,
    simdLevel: lease.simdLevel,
    notices: lease.notices,
    inputs: inputs.filter(({ name }) => program.inputs.includes(name)),
    outputs,
    run(given) {
      const kernels = lease.kernels();
      if (disposed !== undefined || kernels === undefined) {
        throw new LimbeckError(
          'teacher-failed',
          'The kernels of this thread are gone: another tfjs backend took over.',
        );
      }
      const needed = Object.fromEntries(program.inputs.map((name) => [name, given[name] as NamedArrays[string]]));
      for (const [name, { shape }] of Object.entries(needed)) {
        if (!isEmpty(shape)) continue;
        throw new LimbeckError(
          'teacher-failed',
          `The kernels take no input without values; "${name}" is ${formatShape(shape)}.`,
        );
      }
      try {
        const results = plans.run(kernels, needed);
        return Object.fromEntries(program.outputs.map((name, i) => [name, results[i] as NamedArrays[string]]));
      } catch (error) {
        if (isOutOfMemory(error)) throw error;
        throw new LimbeckError('teacher-failed', `The kernels failed on a batch: ${messageOf(error)}`, {
          cause: error,
        });
      }
    },
    time: plans.time,
    dispose() {
      if (disposed === undefined) {
        plans.dispose();
        tf.dispose([...kept.values()]);
        kept.clear();
        disposed = lease.release();
      }
      return disposed;
    },
  };
}

/** Throws    unsupported-operator: a model that cannot be read as a program; onnxruntime may still run it */
async function prepare(bytes: Uint8Array, options: KernelsModelOptions) {
  try {
    const whole = readModel(bytes, options.name);
    await readExternalWeights(whole, options.externalData ?? []);
    withoutHalves(whole);
    const model = simplify(whole);
    return { model, program: toProgram(model), ...valuesOf(model, bytes.byteLength, options) };
  } catch (error) {
    if (error instanceof LimbeckError) throw error;
    throw new LimbeckError('unsupported-operator', `The kernels cannot prepare this model: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** Keeps the values known from input shapes, for the most recent shapes. */
function rememberKnown(model: OnnxModel): (inputs: Readonly<Record<string, tf.Tensor>>) => Known {
  const most = 16;
  const found = new Map<string, Known>();
  return (inputs) => {
    const shapes = Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, shape]));
    const key = JSON.stringify(shapes);
    const before = found.get(key);
    if (before !== undefined) return before;
    if (found.size >= most) found.clear();
    const known = knownValues(model, shapes);
    found.set(key, known);
    return known;
  };
}

function valuesOf(model: OnnxModel, bytes: number, { name, dimensions }: KernelsModelOptions) {
  const free = new Set(
    model.graph.input.flatMap(({ type }) => type?.tensorType?.shape?.dim ?? []).map((one) => one.dimParam),
  );
  const given = Object.entries(dimensions ?? {}).filter(([dimension]) => free.has(dimension));
  const described = describeModel(model, bytes, { name, dimensions: Object.fromEntries(given) });
  const toValue = (one: (typeof described.inputs)[number]): KernelsValue => ({
    name: one.name,
    type: one.dtype ?? 'float32',
    shape: (one.shape ?? []).map((length) => (typeof length === 'number' ? length : null)),
  });
  return { inputs: described.inputs.map(toValue), outputs: described.outputs.map(toValue) };
}
