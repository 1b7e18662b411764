import { throwIfAborted } from '../../core/errors.ts';
import { type Run, startRun } from '../../core/run.ts';
import { modelBytes } from '../../onnx/modelBytes.ts';
import { borrowTrainer } from '../../train/borrowTrainer.ts';
import { metricOf } from '../guard.ts';
import { type Asking, answersAt, askBackbone } from './askBackbone.ts';
import { chooseTap } from './chooseTap.ts';
import { checkLabels, countClasses } from './classes.ts';
import { readLabels } from './features.ts';
import type { LinearHead } from './headScaling.ts';
import { learnAdded, learnAlone } from './learnHead.ts';
import { classesOf, sayOwn } from './ownClasses.ts';
import { checkPersonalizeOnnx, NOT_MEASURED, type PersonalizeOnnxOptions } from './personalizeOnnxOptions.ts';
import type { PersonalizedOnnx, PersonalizeOnnxEvent, PersonalizeOnnxReport } from './personalizeOnnxReport.ts';
import { verifyHead } from './verifyHead.ts';

/** Where a model's bytes are. */
export type OnnxBytes = Uint8Array | ArrayBuffer | Blob;

/**
 * Teaches an ONNX model a person's examples; what comes out is one ONNX file, which was run and held against what learned
 * before it is given. By default no gradient goes through the model: it is asked about every example once, and a linear head
 * learns from one of its values, of which a few examples a class are enough. Where the classes are the model's own the head
 * adds to what the model says; else it stands alone, and the model is cut there. The method 'lora' changes the model's weights,
 * by products of low rank that learn in a student made of it. What a guard would refuse comes out as the model that was given,
 * and the report says why.
 * Throws    invalid-option · invalid-onnx · unknown-tensor · unsupported-operator · shape-mismatch · class-mismatch ·
 *           labels-missing · empty-dataset · not-finite · internal: the file differs from its parts · AbortError and what
 *           `loadTeacher` and `openTrainer` throw
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
  const { data, holdout, method = 'head', seed = 0 } = options;
  emit({ type: 'phase', phase: 'check' });
  const bytes = await modelBytes(model, 'personalizeOnnx');
  if (method === 'lora') return personalizeByLora(bytes, options, emit, signal);
  const { openHead } = await import('./openHead.ts');
  const opened = await openHead(bytes, options, signal);
  const labels = await readLabels(data, signal);
  // Of the model's own classes not all need an example, and how many there are is known when it has answered.
  const said = sayOwn(options) ? undefined : countClasses(labels, options.labels);
  if (holdout !== undefined && said !== undefined) checkLabels(await readLabels(holdout, signal), said, 'holdout');

  const ask: Asking = { bytes, ...opened, options, emit, signal };
  emit({ type: 'phase', phase: 'features' });
  const { answers: all, device, ms } = await askBackbone(ask);
  const classes = classesOf(options, all);
  for (const [role, one] of [['holdout', all.held] as const, ['base', all.base] as const]) {
    if (one !== undefined) checkLabels(one.labels, classes.classes, role);
  }
  const chosen = await chooseTap(all, opened.tensors, classes, { seed, signal });
  const answers = answersAt(all, chosen.at);
  emit({ type: 'phase', phase: 'train' });
  const trainStartedAt = performance.now();
  const needsTrainer = method === 'head' && !classes.areOwn;
  await using borrowed = needsTrainer ? await borrowTrainer(options.trainer, { signal, emit }) : undefined;
  const learned = classes.areOwn
    ? await learnAdded(answers, ask)
    : await learnAlone(answers, classes, borrowed?.trainer, ask);
  const trainMs = performance.now() - trainStartedAt;
  const isForgetting = all.own.logits?.shape[1] === classes.classes && all.base === undefined;
  if (isForgetting) emit({ type: 'notice', message: NOT_MEASURED });

  const { head, verdict, strength, judgedBy, own, base, losses } = learned;
  const onto = classes.areOwn ? opened.logits : undefined;
  const tapped = { name: opened.tensors[chosen.at] as string, shape: all.own.values[chosen.at]?.shape ?? [] };
  let onnx = bytes.slice() as Uint8Array<ArrayBuffer>;
  let differenceFraction = 0;
  if (verdict.isAccepted) {
    emit({ type: 'phase', phase: 'write' });
    onnx = await writeHead(head, tapped, onto, ask);
    differenceFraction = await verifyHead(onnx, head, answers.own, onto !== undefined, ask);
  }
  throwIfAborted(signal);
  emit({ type: 'phase', phase: 'done' });
  const report: PersonalizeOnnxReport = {
    ...{
      method,
      verdict,
      strength,
      metric: metricOf(options.guard ?? {}).name,
      judgedBy,
      keepsClasses: classes.areOwn,
    },
    ...(own && { own }),
    ...(base && { base }),
    features: {
      ...{ name: tapped.name, shape: tapped.shape.slice(1), count: answers.own.rows.shape[1] as number },
      ...{ candidates: chosen.candidates, why: chosen.why },
    },
    classes: classes.classes,
    examples: {
      learned: data.size - (verdict.isAccepted || holdout !== undefined ? 0 : learned.held),
      held: learned.held,
      replayed: answers.replay?.labels.length ?? 0,
    },
    ...{ losses, differenceFraction, bytes: onnx.byteLength, device },
    timeMs: { features: ms, train: trainMs, total: performance.now() - startedAt },
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

async function writeHead(
  { weights, bias }: LinearHead,
  { name: tensor, shape }: { readonly name: string; readonly shape: readonly number[] },
  onto: string | undefined,
  { bytes, options }: Asking,
): Promise<Uint8Array<ArrayBuffer>> {
  const { appendHead } = await import('../../onnx/appendHead.ts');
  const { pooling, channels, output = 'logits', probabilities = false, keepOutputs = false, name = 'model' } = options;
  const { labels, input } = options;
  return appendHead(bytes, {
    tap: { tensor },
    shape: [null, ...shape.slice(1)],
    ...(onto !== undefined && { onto }),
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
