import { throwIfAborted } from '../../core/errors.ts';
import { type Run, startRun } from '../../core/run.ts';
import { modelBytes } from '../../onnx/modelBytes.ts';
import { borrowTrainer, borrowWhenNeeded } from '../../train/borrowTrainer.ts';
import type { Adapted, OnnxRun } from './onnxRun.ts';
import { checkPersonalizeOnnx, type PersonalizeOnnxOptions } from './personalizeOnnxOptions.ts';
import type { PersonalizedOnnx, PersonalizeOnnxEvent } from './personalizeOnnxReport.ts';

/** A model's bytes. */
export type OnnxBytes = Uint8Array | ArrayBuffer | Blob;

/**
 * Teaches an ONNX model a person's examples; the result is one ONNX file, which is run and compared with what
 * learned before it is returned. By default no gradient goes through the model: it is asked about every example once, and a
 * linear head learns from one of its values, and a few examples of each class are enough. Where the classes are the model's
 * own the head adds to what the model says; else it stands alone, and the model is cut there. The method `lora()` changes
 * the model's weights, by products of low rank that learn in a student made of it. If the guard refuses, the result is the
 * model as it was given, and the report says why.
 * Throws    invalid-option · invalid-onnx · unknown-tensor · unsupported-operator · shape-mismatch · class-mismatch ·
 *           labels-missing · empty-dataset · not-finite · internal: the file differs from its parts · AbortError and what
 *           `loadTeacher` and `openTrainer` throw
 * Source    Donahue et al. 2014, "DeCAF", arXiv:1310.1531 (linear classifiers on frozen features) · Hu et al. 2022,
 *           "LoRA", arXiv:2106.09685
 *
 * @example
 * const run = personalizeOnnx(bytes, { data: labelled, labels: ['mug', 'cup'], tap: 'pooled', input: { size: [224, 224] }
 * }); const { onnx, report } = await run.done; const changed = await personalizeOnnx(bytes, { data: labelled, method:
 * lora({ rank: 8 }) }).done;
 */
export function personalizeOnnx(
  model: OnnxBytes,
  options: PersonalizeOnnxOptions,
): Run<PersonalizedOnnx, PersonalizeOnnxEvent> {
  return startRun((emit, signal) => personalize(model, options, emit, signal), options?.signal);
}

async function personalize(
  model: OnnxBytes,
  options: PersonalizeOnnxOptions,
  emit: (event: PersonalizeOnnxEvent) => void,
  signal: AbortSignal,
): Promise<PersonalizedOnnx> {
  const settings = checkPersonalizeOnnx(options);
  const startedAt = performance.now();
  emit({ type: 'phase', phase: 'check' });
  const bytes = (await modelBytes(model, 'personalizeOnnx')) as Uint8Array<ArrayBuffer>;
  const adapt = settings.method?.name === 'lora' ? throughModel : onFeatures;
  const { onnx, figures, featuresMs, learnMs, ...told } = await adapt({ bytes, options: settings, emit, signal });
  throwIfAborted(signal);
  emit({ type: 'phase', phase: 'done' });
  const timeMs = { features: featuresMs, learn: learnMs, total: performance.now() - startedAt };
  return { onnx, report: { ...figures, ...told, bytes: onnx.byteLength, timeMs } };
}

async function onFeatures(run: Omit<OnnxRun, 'trainer'>): Promise<Adapted> {
  const { adaptHead } = await import('./head/adaptHead.ts');
  // Most heads need no trainer.
  await using trainer = borrowWhenNeeded(run.options.trainer, run);
  return await adaptHead({ ...run, trainer });
}

async function throughModel(run: Omit<OnnxRun, 'trainer'>): Promise<Adapted> {
  const { adaptLora } = await import('./lora/adaptLora.ts');
  await using borrowed = await borrowTrainer(run.options.trainer, run);
  return await adaptLora({ ...run, trainer: borrowed.trainer });
}
