// Builds a tfjs model of either format on this thread's backend, as one thing that can be asked.
import { LimbeckError, messageOf } from '../../core/errors.ts';
import { DEFAULT_OUTPUT } from '../../core/outputs.ts';
import { buildGraphModel } from '../../runtime/graphModel.ts';
import { toArray, toTensor } from '../../runtime/tensors.ts';
import * as tf from '../../runtime/tf.ts';
import { makeRunnable, type Runnable } from '../../student/runnable.ts';
import type { GraphArtifacts, PortableTfjsModel } from './tfjsModel.ts';

/** A graph does not always say the shapes of its outputs; those are left out. */
export type TfjsRunnable = Runnable;

/** Throws    teacher-failed: tfjs cannot build it · student-invalid: it cannot, and it is a student */
export async function buildRunnable(
  portable: PortableTfjsModel,
  name: string,
  what: 'teacher' | 'student',
): Promise<TfjsRunnable> {
  try {
    return portable.kind === 'layers' ? await makeRunnable(portable.student) : await buildGraph(portable.artifacts);
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

async function buildGraph(artifacts: GraphArtifacts): Promise<TfjsRunnable> {
  const model = await buildGraphModel({
    ...artifacts,
    weightSpecs: [...artifacts.weightSpecs],
  } as tf.io.ModelArtifacts);
  const inputNames = model.inputNodes;
  const keys = model.modelStructuredOutputKeys as readonly string[] | undefined;
  // "Identity:0" is the first output of the node Identity.
  const nodeNames = model.outputNodes.map((node) => node.replace(/:0$/, ''));
  const outputNames = nodeNames.length === 1 ? [DEFAULT_OUTPUT] : nodeNames.map((name, i) => keys?.[i] ?? name);
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
    inputs: Object.fromEntries(model.inputs.map(({ shape }, i) => [inputNames[i] as string, lengthsOf(shape)])),
    outputs: Object.fromEntries(
      model.outputs.flatMap(({ shape }, i) => (shape ? [[outputNames[i] as string, lengthsOf(shape)]] : [])),
    ),
    async run(arrays) {
      const tensors = arrays.map((array, i) => asDeclared(toTensor(array), model.inputs[i]?.dtype));
      const feeds = Object.fromEntries(tensors.map((tensor, i) => [inputNames[i] as string, tensor]));
      const outputs = await execute(feeds).finally(() => tf.dispose(tensors));
      try {
        return Object.fromEntries(outputs.map((tensor, i) => [outputNames[i] as string, toArray(tensor)]));
      } finally {
        tf.dispose(outputs);
      }
    },
    dispose: () => model.dispose(),
  };
}

function lengthsOf(shape: readonly number[] | undefined): (number | null)[] {
  return (shape ?? []).map((length) => (length < 0 ? null : length));
}

function asDeclared(tensor: tf.Tensor, dtype: tf.DataType | undefined): tf.Tensor {
  if (dtype === undefined || dtype === tensor.dtype) return tensor;
  const cast = tf.cast(tensor, dtype);
  tensor.dispose();
  return cast;
}
