import { LimbeckError, messageOf } from '../core/errors.ts';
import { makeQueue } from '../core/queue.ts';
import type { NamedArrays, NdArray } from '../core/shape.ts';
import { openBackendHere } from '../runtime/backends/open.ts';
import * as tf from '../runtime/tf.ts';
import { makeRunnable, type Runnable } from '../student/runnable.ts';
import type { StudentArtifacts } from '../student/student.ts';
import type { Engine, EngineOptions } from './engine.ts';

/**
 * A student in tfjs on this thread: on its current backend, or on one of limbeck's where there is none yet.
 * Throws    student-invalid · backend-unavailable · wasm-blocked · out-of-memory
 */
export async function openTfjsHere(artifacts: StudentArtifacts, options: EngineOptions): Promise<Engine> {
  const { threads, assetBase } = options;
  const enqueue = makeQueue();
  const backend = tf.getBackend() ? undefined : await openBackendHere({ threads, assetBase });
  let model: Runnable | undefined;
  try {
    model = await makeRunnable({ kind: 'artifacts', artifacts });
  } catch (error) {
    await backend?.dispose();
    throw error;
  }
  const { inputs, outputs } = model;
  const { threads: used = 1, notices = [] } = backend?.description ?? {};
  return {
    name: 'tfjs',
    opened: { threads: used, inputs, outputs, notices },
    run: (given) =>
      enqueue(() => {
        if (model === undefined) throw new LimbeckError('disposed', 'The student was disposed; load it again.');
        return answers(
          model,
          Object.keys(inputs).map((name) => given[name] as NdArray),
        );
      }),
    end: () =>
      enqueue(async () => {
        model?.dispose();
        model = undefined;
        await backend?.dispose();
      }),
  };
}

async function answers(model: Runnable, arrays: readonly NdArray[]): Promise<NamedArrays> {
  try {
    return await model.run(arrays);
  } catch (error) {
    if (error instanceof LimbeckError) throw error;
    throw new LimbeckError('student-invalid', `The student failed on a batch: ${messageOf(error)}`, { cause: error });
  }
}
