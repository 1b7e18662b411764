import { LimbeckError, throwIfAborted } from '../../core/errors.ts';
import type { LabelledDataset } from '../../data/dataset.ts';
import { batches, pick } from '../../data/views.ts';
import { addLowRank, type LowRankDelta } from '../../onnx/addLowRank.ts';
import { readModel, writeModel } from '../../onnx/model.ts';
import { withMetadata } from '../../onnx/withMetadata.ts';
import type { StudentArtifacts } from '../../student/student.ts';
import { accuracy } from '../../train/metrics/accuracy.ts';
import { heldFractionOf } from '../guard.ts';
import { holdOut } from '../holdOut.ts';
import { checkLabels } from './classes.ts';
import { readLabels } from './features.ts';
import { chooseTargets } from './loraTargets.ts';
import { keepGuard } from './measureHead.ts';
import { compareFile, type LoraRun, logitsOf, type OpenedLora, openLora } from './openLora.ts';
import type { PersonalizeOnnxOptions } from './personalizeOnnxOptions.ts';
import type { MeasuredHead, PersonalizedOnnx } from './personalizeOnnxReport.ts';
import { trainLowRank } from './trainLowRank.ts';
import { type MappedWeight, mapWeights, toDelta } from './weightMap.ts';

const WRITTEN = { from: 'the student that learned', advice: 'Please report the model.' };

/**
 * The method 'lora' of `personalizeOnnx`: the model becomes a student, products of low rank learn beside its matrices, and
 * what they came to is added to the weights of the file. Nothing else of it changes, and what its other outputs share with
 * the classes changes for them too.
 * Throws    what `openLora`, `chooseTargets` and `trainLowRank` throw · class-mismatch · labels-missing · below-tolerance ·
 *           internal: the file gives other logits than the student
 * Source    Hu et al. 2022, §4.1, arXiv:2106.09685 (no latency after merging)
 */
export async function adaptByLora(run: LoraRun): Promise<PersonalizedOnnx> {
  const startedAt = performance.now();
  const { bytes, options, trainer, emit, signal } = run;
  const { data } = options;
  for (const message of trainer.description.notices) emit({ type: 'notice', message });
  const opened = await openLora(run);
  const labels = await checkExamples(options, opened.classes, signal);
  const targets = chooseTargets(await mapWeights(opened.cut, opened.student, opened.toStudent), bytes, options);
  const [learned, held] = partsOf(options, labels);
  const featuresMs = performance.now() - startedAt;
  throwIfAborted(signal);

  emit({ type: 'phase', phase: 'train' });
  const trainStartedAt = performance.now();
  const layers = targets.map(({ layer }) => layer);
  const { trained, changes, losses } = await trainLowRank({
    ...{ base: opened.student, layers, data: learned, feed: opened.feed },
    ...{ trainer, options, emit, signal },
  });
  const trainMs = performance.now() - trainStartedAt;
  if (held !== undefined) emit({ type: 'phase', phase: 'measure' });
  const measured = held && (await measure(held, trained, opened, run));

  emit({ type: 'phase', phase: 'write' });
  const byWeight = new Map(changes.map((change) => [change.weight, change]));
  const deltas = targets.flatMap((target): LowRankDelta[] => {
    const change = byWeight.get(target.weight);
    byWeight.delete(target.weight);
    return change === undefined ? [] : [toDelta(target, change)];
  });
  const [other] = byWeight.keys();
  if (other !== undefined) throw new LimbeckError('internal', `"${other}" learned, and was not to.`);
  const onnx = withNames(addLowRank(bytes, deltas, options.name), options);
  const { fraction, device } = await compareFile(onnx, opened, run, trained, WRITTEN);
  throwIfAborted(signal);
  emit({ type: 'phase', phase: 'done' });
  const report = {
    method: 'lora',
    ...(measured && { holdout: measured }),
    weights: weightsIn(targets, deltas),
    ...{
      classes: opened.classes,
      examples: data.size,
      losses,
      differenceFraction: fraction,
      bytes: onnx.byteLength,
      device,
    },
    timeMs: { features: featuresMs, train: trainMs, total: performance.now() - startedAt },
  } as const;
  return { onnx, report };
}

/** Throws    class-mismatch: labels or names that are not those of the model · labels-missing */
async function checkExamples({ data, holdout, labels }: PersonalizeOnnxOptions, classes: number, signal: AbortSignal) {
  if (labels !== undefined && labels.length !== classes) {
    throw new LimbeckError(
      'class-mismatch',
      `There are ${labels.length} "labels", and the model tells ${classes} classes, which "lora" keeps. Name them all, or ` +
        'use the method "head", which takes new ones.',
      { details: { given: labels.length, classes } },
    );
  }
  const own = await readLabels(data, signal);
  checkLabels(own, classes, 'data');
  if (new Set(own).size < 2) {
    throw new LimbeckError(
      'class-mismatch',
      'All examples are of one class, from which the model would learn to say it always. Add examples of another.',
    );
  }
  if (holdout !== undefined) checkLabels(await readLabels(holdout, signal), classes, 'holdout');
  return own;
}

/** What is learned from, and what is measured on. */
function partsOf({ data, holdout, guard, seed = 0 }: PersonalizeOnnxOptions, labels: Int32Array) {
  if (holdout !== undefined || guard === undefined) return [data, holdout] as const;
  const { learned, held } = holdOut(labels, heldFractionOf(guard), seed);
  return held.length === 0 ? ([data, undefined] as const) : ([pick(data, learned), pick(data, held)] as const);
}

const OF_LORA = { who: 'The changed model', advice: 'let it learn less ("learning", "rank", "targets")' };

/** Throws    below-tolerance */
async function measure(
  held: LabelledDataset,
  trained: StudentArtifacts,
  { student, feed }: OpenedLora,
  run: LoraRun,
): Promise<MeasuredHead> {
  const { guard } = run.options;
  const sums = { before: 0, after: 0 };
  for await (const { examples } of batches(held, 64, { signal: run.signal })) {
    throwIfAborted(run.signal);
    const inputs = feed(examples.inputs);
    const rightOf = async (one: StudentArtifacts) =>
      accuracy.compute({ student: await logitsOf(one, inputs, run), labels: examples.labels }) * examples.labels.length;
    sums.before += await rightOf(student);
    sums.after += await rightOf(trained);
  }
  const figures = { before: sums.before / held.size, after: sums.after / held.size };
  if (guard !== undefined) keepGuard(guard, figures, OF_LORA);
  return { ...figures, examples: held.size };
}

/** The file with the names of its classes and the way of its inputs, where they are told. */
function withNames(file: Uint8Array<ArrayBuffer>, { labels, input }: PersonalizeOnnxOptions): Uint8Array<ArrayBuffer> {
  if (labels === undefined && input === undefined) return file;
  const model = readModel(file);
  model.metadataProps = withMetadata(model.metadataProps, {
    ...(labels && { 'limbeck.labels': JSON.stringify(labels) }),
    ...(input && { 'limbeck.input': JSON.stringify(input) }),
  });
  return writeModel(model);
}

function weightsIn(targets: readonly MappedWeight[], deltas: readonly LowRankDelta[]) {
  return deltas.flatMap(({ weight, rank }) => {
    const stored = targets.find((one) => one.stored.weight === weight)?.stored;
    return stored === undefined ? [] : [{ weight, node: stored.node, shape: stored.shape, rank }];
  });
}
