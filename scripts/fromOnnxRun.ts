// One model imported as a student and run on given tensors: the part of scripts/fromOnnxConformance.mjs that is bundled.
import { LimbeckError } from '../src/core/errors.ts';
import type { OnnxTensor } from '../src/onnx/model.ts';
import { decode } from '../src/onnx/proto.ts';
import { numbers } from '../src/onnx/simplify/convert.ts';
import { dataOf } from '../src/onnx/tensorData.ts';
import * as tf from '../src/runtime/tf.ts';
import { buildStudent } from '../src/student/build.ts';
import { fromOnnx } from '../src/student/fromOnnx.ts';

export { readModel, writeModel } from '../src/onnx/model.ts';

/** A tensor of the test data. */
export interface Known {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: readonly number[];
  /** How far apart equal numbers may be, as a part of them. */
  readonly tolerance: number;
}

export interface Verdict {
  readonly verdict: 'equal' | 'refused' | 'differ' | 'threw';
  readonly why?: string;
}

/** Throws    invalid-onnx: elements that no typed array holds */
export function readTensor(bytes: Uint8Array, dataType: number): Omit<Known, 'name'> & { readonly tensor: OnnxTensor } {
  const tensor = decode('TensorProto', bytes) as OnnxTensor;
  // Some files hold bfloat16 as its bits.
  if (dataType === 16) tensor.dataType = dataType;
  const { dtype, shape, data } = dataOf(tensor);
  return { tensor, shape, values: [...numbers(dtype, data)], tolerance: dtype === 'bfloat16' ? 1e-2 : 1e-3 };
}

/** Whether a model gives these outputs for these inputs, in its own order of axes. */
export async function importAndRun(
  bytes: Uint8Array,
  inputs: readonly Known[],
  outputs: readonly Known[],
): Promise<Verdict> {
  await tf.setBackend('cpu');
  let model: tf.LayersModel | undefined;
  try {
    const student = await fromOnnx(bytes, { inputLayout: 'as-is' });
    model = await buildStudent(await student.portable(), 0);
    const whole = model;
    const why = tf.tidy((): string => {
      const given = whole.inputs.map((one, i) => {
        const known = inputs.find(({ name }) => name === one.name) ?? (inputs[i] as Known);
        return tf.tensor([...known.values], [...known.shape], one.dtype as 'float32');
      });
      const results = [whole.predict(given)].flat();
      const faults = results.map((result, i) => faultOf(result, outputs[i] as Known));
      return faults.find((fault) => fault !== undefined) ?? '';
    });
    return why === '' ? { verdict: 'equal' } : { verdict: 'differ', why };
  } catch (error) {
    if (!(error instanceof LimbeckError))
      return {
        verdict: 'threw',
        why: String((error as Error).message),
      };
    const nodes = (error.details as { nodes?: readonly { operator: string; why: string }[] } | undefined)?.nodes;
    return { verdict: 'refused', why: nodes?.[0] ? `${nodes[0].why}` : `${error.code} ${error.message}` };
  } finally {
    model?.dispose();
  }
}

function faultOf(result: tf.Tensor, { shape, values, tolerance }: Known): string | undefined {
  // A student's outputs have the batch first, wherever the model has it.
  const places = shape.map((_, to) => [...shape.keys()].slice(1).toSpliced(to, 0, 0));
  const fits = places.find((perm) => perm.every((axis, i) => result.shape[axis] === shape[i]));
  if (result.shape.join() !== shape.join() && fits === undefined) return `[${result.shape}] instead of [${shape}]`;
  const isSame = result.shape.join() === shape.join() || fits === undefined;
  const given = (isSame ? result : tf.transpose(result, fits)).dataSync();
  for (const [i, value] of values.entries()) {
    const one = given[i] as number;
    // float64 beyond the range of float32.
    if (one === Math.fround(value) || (Number.isNaN(one) && Number.isNaN(value))) continue;
    // Written so that a NaN fails.
    if (!(Math.abs(one - value) <= 1e-5 + tolerance * Math.abs(value))) return `${one} instead of ${value} at ${i}`;
  }
  return undefined;
}
