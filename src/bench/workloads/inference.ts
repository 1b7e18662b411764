import { LimbeckError } from '../../core/errors.ts';
import { checkOutputs } from '../checkAnswer.ts';
import { BENCH_SEED, onnxOf, studentOf, tokensOf } from '../modelForms.ts';
import { openSubject } from '../openSubject.ts';
import type { BenchTask } from '../session/task.ts';
import type { BenchModel } from '../subject.ts';
import type { BenchPlace, Workload } from '../workload.ts';

/**
 * One batch of answers. An ONNX file runs in onnxruntime or on the kernels; a student in tfjs, with the kernels or without, and in
 * onnxruntime as the ONNX file that `toOnnx` makes of it.
 */
export const inference: Workload = {
  name: 'inference',
  suits: () => true,
  batch: () => 1,
  references: ({ onnx }) =>
    onnx === undefined ? ['tfjs-cpu', 'tfjs-wasm:1', 'onnxruntime-wasm:1'] : ['onnxruntime-wasm:1', 'kernels:1:simd'],
  obstacle: (place, model) => (formOf(place, model) === undefined ? noForm(model) : undefined),
  open: async (place, model, batch, signal) => openSubject(await inferenceTask(place, model, batch, signal), signal),
  check: checkOutputs,
};

/** The task of answering a batch. Throws what reading the model throws */
export async function inferenceTask(
  place: BenchPlace,
  model: BenchModel,
  batch: number,
  signal: AbortSignal,
): Promise<BenchTask> {
  const any = { name: model.name, batch, seed: BENCH_SEED, shapes: model.inputs };
  const form = formOf(place, model);
  if (form === undefined) throw new LimbeckError('invalid-option', noForm(model));
  const tokens = model.onnx === undefined ? tokensOf(await studentOf(model, signal)) : undefined;
  if (form.work === 'predict') return { ...any, ...form, tokens, student: await studentOf(model, signal) };
  return { ...any, ...form, tokens, files: await onnxOf(model, signal) };
}

/** As which of its forms a model runs at a place. */
function formOf({ onnx, tfjs }: BenchPlace, model: BenchModel) {
  if (model.onnx !== undefined && onnx !== undefined) return { work: 'onnx', place: onnx } as const;
  if (model.student !== undefined && tfjs !== undefined) return { work: 'predict', place: tfjs } as const;
  if (model.student !== undefined && onnx !== undefined) return { work: 'onnx', place: onnx } as const;
  return undefined;
}

function noForm({ name }: BenchModel): string {
  return `"${name}" is an ONNX file, and tfjs runs students only; fromOnnx may make one of it.`;
}
