// Whether the steps of a loss can be recorded. Only tests import this file.
import { expect } from 'vitest';
import { backendOptions } from '../../runtime/assetCases.ts';
import { openBackendHere } from '../../runtime/backends/open.ts';
import { currentKernels, type InstalledKernels } from '../../runtime/kernels/install.ts';
import * as tf from '../../runtime/tf.ts';
import type { Loss } from '../loss.ts';
import { type LossInputs, toTensors } from './lossCases.ts';

type Named = Readonly<Record<string, tf.Tensor>>;

/** Value and gradient go through compiled kernels only. */
export async function expectRecorded(loss: Loss, inputs: LossInputs): Promise<void> {
  const backend = await openBackendHere(backendOptions('wasm'));
  const { student, teacher, parameters = {}, ...rest } = toTensors(inputs);
  const names = Object.keys(student);
  const work = () =>
    tf.tidy(() => {
      const { value, grads } = tf.valueAndGrads((...given: tf.Tensor[]) => {
        const named = (keys: readonly string[], from: number): Named =>
          Object.fromEntries(keys.map((key, i) => [key, given[from + i] as tf.Tensor]));
        const learned = { student: named(names, 0), parameters: named(Object.keys(parameters), names.length) };
        return loss.compute(tf, { ...rest, teacher, ...learned });
      })([...Object.values(student), ...Object.values(parameters)]);
      return [value, ...grads];
    });
  // Once before, so that scratch memory is as large as it must be.
  tf.dispose(work());
  const recording = (currentKernels() as InstalledKernels).record(work);
  expect('why' in recording ? recording.why : '').toBe('');
  recording.plan?.dispose();
  const held = [recording.result, { student, teacher, parameters, ...rest }];
  tf.dispose(held as unknown as tf.TensorContainer);
  await backend.dispose();
}
