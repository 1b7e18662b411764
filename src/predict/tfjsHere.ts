import { LimbeckError } from '../core/errors.ts';
import { DEFAULT_OUTPUT } from '../core/outputs.ts';
import { makeQueue } from '../core/queue.ts';
import type { NamedArrays, NdArray } from '../core/shape.ts';
import { openBackendHere } from '../runtime/backends/open.ts';
import { toArray, toTensor } from '../runtime/tensors.ts';
import * as tf from '../runtime/tf.ts';
import { applyStudent, buildStudent } from '../student/build.ts';
import type { StudentArtifacts } from '../student/student.ts';
import type { Engine, EngineOptions } from './engine.ts';

/** A student in tfjs on this thread: on its current backend, or on one of limbeck's where there is none yet. */
export async function openTfjsHere(artifacts: StudentArtifacts, options: EngineOptions): Promise<Engine> {
  const { threads, assetBase } = options;
  const enqueue = makeQueue();
  const backend = tf.getBackend() ? undefined : await openBackendHere({ threads, assetBase });
  let model: tf.LayersModel | undefined;
  try {
    model = await buildStudent({ kind: 'artifacts', artifacts }, 0);
  } catch (error) {
    backend?.dispose();
    throw error;
  }
  const inputs = Object.fromEntries(model.inputs.map(({ shape }, i) => [model?.inputNames[i] ?? 'input', shape]));
  const isOnly = model.outputs.length === 1;
  const outputs = Object.fromEntries(
    model.outputs.map(({ shape }, i) => [isOnly ? DEFAULT_OUTPUT : (model?.outputNames[i] as string), shape]),
  );
  return {
    name: 'tfjs',
    opened: {
      threads: backend?.description.threads ?? 1,
      inputs,
      outputs,
      notices: backend?.description.notices ?? [],
    },
    run: (given) =>
      enqueue(async () => {
        if (model === undefined) throw new LimbeckError('disposed', 'The student was disposed; load it again.');
        return runHere(
          model,
          Object.keys(inputs).map((name) => given[name] as NdArray),
        );
      }),
    end: () =>
      enqueue(async () => {
        model?.dispose();
        model = undefined;
        backend?.dispose();
      }),
  };
}

function runHere(model: tf.LayersModel, arrays: readonly NdArray[]): NamedArrays {
  const results: Record<string, NdArray> = {};
  tf.tidy(() => {
    const outputs = applyStudent(model, arrays.map(toTensor), 'inference');
    for (const [name, tensor] of Object.entries(outputs)) results[name] = toArray(tensor);
  });
  return results;
}
