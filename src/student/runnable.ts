import { DEFAULT_OUTPUT } from '../core/outputs.ts';
import type { NamedArrays, NdArray } from '../core/shape.ts';
import { toArray, toTensor } from '../runtime/tensors.ts';
import * as tf from '../runtime/tf.ts';
import { applyStudent, buildStudent } from './build.ts';
import { readBytes } from './byteReading.ts';
import type { PortableStudent } from './student.ts';

type Shapes = Readonly<Record<string, readonly (number | null)[]>>;

/** A layers model on this thread's backend, for inference only. */
export interface Runnable {
  /** With the batch; a free length is null. */
  readonly inputs: Shapes;
  readonly outputs: Shapes;
  /** Arrays in the order of `inputs`; bytes of pixels are read as 0…1. */
  run(arrays: readonly NdArray[]): Promise<NamedArrays>;
  dispose(): void;
}

/** Throws    student-invalid: the saved model cannot be built again here */
export async function makeRunnable(student: PortableStudent): Promise<Runnable> {
  const model = await buildStudent(student, 0);
  const isOnly = model.outputs.length === 1;
  return {
    // A sequential model does not always name its only input.
    inputs: Object.fromEntries(model.inputs.map(({ shape }, i) => [model.inputNames[i] ?? 'input', shape])),
    outputs: Object.fromEntries(
      model.outputs.map(({ shape }, i) => [isOnly ? DEFAULT_OUTPUT : (model.outputNames[i] as string), shape]),
    ),
    async run(arrays) {
      const results: Record<string, NdArray> = {};
      tf.tidy(() => {
        const outputs = applyStudent(
          model,
          arrays.map((array, i) => toTensor(readBytes(model, i, array))),
          'inference',
        );
        for (const [name, tensor] of Object.entries(outputs)) results[name] = toArray(tensor);
      });
      return results;
    },
    dispose: () => void model.dispose(),
  };
}
