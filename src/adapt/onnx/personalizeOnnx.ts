import { throwIfAborted } from '../../core/errors.ts';
import { type Run, startRun } from '../../core/run.ts';
import { modelBytes } from '../../onnx/modelBytes.ts';
import { borrowTrainer } from '../../train/borrowTrainer.ts';
import type { Trainer } from '../../train/trainer.ts';
import { type Asking, askBackbone, type LabelledRows, withCopies } from './askBackbone.ts';
import { checkLabels, countClasses } from './classes.ts';
import { readLabels } from './features.ts';
import { type TrainedHead, trainHead } from './head.ts';
import type { LinearHead } from './headScaling.ts';
import { heldOut, measureHead } from './measureHead.ts';
import { checkPersonalizeOnnx, type PersonalizeOnnxOptions } from './personalizeOnnxOptions.ts';
import type { PersonalizedOnnx, PersonalizeOnnxEvent } from './personalizeOnnxReport.ts';
import { prototypeHead } from './prototypeHead.ts';
import { verifyHead } from './verifyHead.ts';

/** Where a model's bytes are. */
export type OnnxBytes = Uint8Array | ArrayBuffer | Blob;

/**
 * Teaches an ONNX model a person's examples; what comes out is one ONNX file, which was run and held against what learned
 * before it is given. By default the classes are the person's, new ones among them, and no gradient goes through the model:
 * it is cut at a value, asked about every example once, and a linear head learns from its answers, of which a few a class
 * are enough. The method 'lora' keeps the model's classes and changes its weights, by products of low rank that learn in a
 * student made of it.
 * Throws    invalid-option · invalid-onnx · unknown-tensor · unsupported-operator · shape-mismatch · class-mismatch ·
 *           labels-missing · empty-dataset · not-finite · below-tolerance: worse than the model by more than the guard
 *           allows · internal: the file differs from its parts · AbortError and what `loadTeacher` and `openTrainer` throw
 * Source    Donahue et al. 2014, "DeCAF", arXiv:1310.1531 (linear classifiers on frozen features) · Hu et al. 2022,
 *           "LoRA", arXiv:2106.09685
 *
 * @example
 * const run = personalizeOnnx(bytes, { data: labelled, labels: ['mug', 'cup'], tap: 'pooled', input: { size: [224, 224] } });
 * const { onnx, report } = await run.done;
 * const changed = await personalizeOnnx(bytes, { data: labelled, method: 'lora', rank: 8, guard: {} }).done;
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
  checkPersonalizeOnnx(options);
  const startedAt = performance.now();
  const { data, holdout, method = 'head', name = 'model' } = options;
  emit({ type: 'phase', phase: 'check' });
  const bytes = await modelBytes(model, 'personalizeOnnx');
  if (method === 'lora') return personalizeByLora(bytes, options, emit, signal);
  const { readForHead } = await import('../../onnx/appendHead.ts');
  const { source: tensor } = readForHead(bytes, options.tap, name);
  const classes = countClasses(await readLabels(data, signal), options.labels);
  if (holdout !== undefined) checkLabels(await readLabels(holdout, signal), classes, 'holdout');

  const ask: Asking = { bytes, tensor, options, emit, signal };
  await using borrowed = method === 'head' ? await borrowTrainer(options.trainer, { signal, emit }) : undefined;
  const learn = (rows: LabelledRows) => makeHead(rows, classes, borrowed?.trainer, ask);
  emit({ type: 'phase', phase: 'features' });
  const answers = await askBackbone(ask);
  emit({ type: 'phase', phase: 'train' });
  const trainStartedAt = performance.now();
  const held = heldOut(answers, ask);
  const first = await learn(withCopies(answers, held?.kept));
  if (held !== undefined) emit({ type: 'phase', phase: 'measure' });
  const measured = held && (await measureHead(first, held, ask));
  const head = held?.kept === undefined ? first : await learn(withCopies(answers));
  const trainMs = performance.now() - trainStartedAt;

  emit({ type: 'phase', phase: 'write' });
  const { own, device } = answers;
  const onnx = await writeHead(head, own.shape, ask);
  const differenceFraction = await verifyHead(onnx, head, own, ask);
  throwIfAborted(signal);
  emit({ type: 'phase', phase: 'done' });
  const report = {
    method,
    ...(measured && { holdout: measured }),
    features: { name: tensor, shape: own.shape.slice(1), count: own.rows.shape[1] as number },
    ...{ classes, examples: data.size, losses: head.losses, differenceFraction, bytes: onnx.byteLength, device },
    timeMs: { features: answers.ms, train: trainMs, total: performance.now() - startedAt },
  };
  return { onnx, report };
}

async function personalizeByLora(
  bytes: Uint8Array,
  options: PersonalizeOnnxOptions,
  emit: (event: PersonalizeOnnxEvent) => void,
  signal: AbortSignal,
): Promise<PersonalizedOnnx> {
  const { adaptByLora } = await import('./loraOnnx.ts');
  await using borrowed = await borrowTrainer(options.trainer, { signal, emit });
  return await adaptByLora({ bytes, options, trainer: borrowed.trainer, emit, signal });
}

async function makeHead(
  { rows, labels }: LabelledRows,
  classes: number,
  trainer: Trainer | undefined,
  { options, emit, signal }: Asking,
): Promise<TrainedHead> {
  throwIfAborted(signal);
  if (trainer === undefined) return { ...prototypeHead(rows, labels, classes), losses: [] };
  const { seed = 0, learning } = options;
  return trainHead({ features: rows, labels, classes, trainer, seed, signal, emit, ...learning });
}

async function writeHead(
  { weights, bias }: LinearHead,
  valueShape: readonly number[],
  { bytes, tensor, options }: Asking,
): Promise<Uint8Array<ArrayBuffer>> {
  const { appendHead } = await import('../../onnx/appendHead.ts');
  const { pooling, channels, output = 'logits', probabilities = false, keepOutputs = false, name = 'model' } = options;
  const { labels, input } = options;
  return appendHead(bytes, {
    tap: { tensor },
    shape: [null, ...valueShape.slice(1)],
    ...(pooling && { pooling }),
    ...(channels && { channels }),
    ...{ weights, bias, output, probabilities, keepOutputs, name },
    metadata: {
      // Names that the model came with are those of other classes.
      'limbeck.labels': labels && JSON.stringify(labels),
      ...(input && { 'limbeck.input': JSON.stringify(input) }),
    },
  });
}
