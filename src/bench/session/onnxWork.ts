import { currentKernels } from '../../runtime/kernels/install.ts';
import * as tf from '../../runtime/tf.ts';
import { openOnOrt, readyModel } from '../../teacher/session/sessionCreate.ts';
import { openOnKernels } from '../../teacher/session/sessionKernels.ts';
import { benchInputs } from './benchInputs.ts';
import { watchHeaps } from './heaps.ts';
import type { BenchTask, OpenWork } from './task.ts';

/**
 * An ONNX file, in onnxruntime or on the kernels. A pass runs one batch and reads the outputs.
 * Throws    what a teacher throws that is opened there · what `benchInputs` throws
 */
export async function openOnnxWork(task: Extract<BenchTask, { work: 'onnx' }>): Promise<OpenWork> {
  const { name, files, place, assetBase } = task;
  const settings = { name, ...(assetBase !== undefined && { assetBase }) };
  const ready = await readyModel(files, settings);
  const { device } = place;
  const heaps = watchHeaps();
  try {
    const engine = await (device === 'kernels'
      ? openOnKernels(ready, settings, place)
      : openOnOrt(ready, settings, { ...place, device }, () => undefined));
    const inputsOf = (which: number) => benchInputs(engine.inputs, { ...task, which });
    const inputs = inputsOf(0);
    return {
      threads: engine.threads,
      simdLevel: engine.simdLevel,
      notices: engine.notices,
      pass: () => engine.run(inputs),
      answer: (which) => engine.run(inputsOf(which)),
      heapBytes: () => (device === 'kernels' ? currentKernels()?.bytes().byteLength : heaps.bytes()),
      sessionBytes: () => (device === 'kernels' ? tf.memory().numBytes : heaps.grownBytes()),
      dispose: () => engine.dispose(),
    };
  } finally {
    heaps.stop();
  }
}
