import { LimbeckError, throwIfAborted } from '../../core/errors.ts';
import { joinRows } from '../../core/rows.ts';
import type { LabelledDataset } from '../../data/dataset.ts';
import { batches, pick } from '../../data/views.ts';
import { addLowRank, type LowRankDelta } from '../../onnx/addLowRank.ts';
import { readModel, writeModel } from '../../onnx/model.ts';
import { withMetadata } from '../../onnx/withMetadata.ts';
import { applyPatch } from '../../student/applyPatch.ts';
import { baseHash } from '../../student/baseHash.ts';
import type { Patch, WeightChange } from '../../student/patch.ts';
import { type StudentArtifacts, studentFromArtifacts } from '../../student/student.ts';
import type { Metric } from '../../train/metric.ts';
import { firstAccepted, type Measure, type Tried } from '../firstAccepted.ts';
import { heldFractionOf, metricOf } from '../guard.ts';
import { holdOut } from '../holdOut.ts';
import { type Answered, type Compared, compare, judge } from '../judged.ts';
import { withStrength } from '../withStrength.ts';
import { checkLabels } from './classes.ts';
import { readLabels } from './features.ts';
import { chooseTargets } from './loraTargets.ts';
import { compareFile, type LoraRun, logitsOf, type OpenedLora, openLora } from './openLora.ts';
import { NOT_MEASURED, type PersonalizeOnnxOptions } from './personalizeOnnxOptions.ts';
import type { PersonalizedOnnx, PersonalizeOnnxReport } from './personalizeOnnxReport.ts';
import { trainLowRank } from './trainLowRank.ts';
import { type MappedWeight, mapWeights, toDelta } from './weightMap.ts';

const WRITTEN = { from: 'the student that learned', advice: 'Please report the model.' };

/**
 * The method 'lora' of `personalizeOnnx`: the model becomes a student, products of low rank learn beside its matrices, and
 * what they came to is added to the weights of the file. Nothing else of it changes, and what its other outputs share with
 * the classes changes for them too.
 * Throws    what `openLora`, `chooseTargets` and `trainLowRank` throw · class-mismatch · labels-missing ·
 *           internal: the file gives other logits than the student
 * Source    Hu et al. 2022, §4.1, arXiv:2106.09685 (no latency after merging)
 */
export async function adaptByLora(run: LoraRun): Promise<PersonalizedOnnx> {
  const startedAt = performance.now();
  const { bytes, options, trainer, emit, signal } = run;
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
  const { changes, losses } = await trainLowRank({
    ...{ base: opened.student, layers, data: learned, feed: opened.feed },
    ...{ trainer, options, emit, signal },
  });
  const trainMs = performance.now() - trainStartedAt;
  if (held !== undefined || options.base !== undefined) emit({ type: 'phase', phase: 'measure' });
  if (options.base === undefined) emit({ type: 'notice', message: NOT_MEASURED });
  const tried = await tryChanges(changes, held, opened, run);
  const { verdict, strength, own, ofBase: base, patch } = tried;
  const figures = { verdict, strength, ...(own && { own }), ...(base && { base }) };

  const written = verdict.isAccepted
    ? await write(patch, targets, opened, run)
    : { onnx: bytes.slice() as Uint8Array<ArrayBuffer>, deltas: [], differenceFraction: 0, device: undefined };
  const { onnx, deltas, differenceFraction, device = opened.device } = written;
  throwIfAborted(signal);
  emit({ type: 'phase', phase: 'done' });
  const report: PersonalizeOnnxReport = {
    ...{ method: 'lora', ...figures, metric: metricOf(options.guard ?? {}).name, keepsClasses: true },
    judgedBy: own === undefined ? 'nothing' : 'held-out',
    weights: weightsIn(targets, deltas),
    classes: opened.classes,
    examples: { learned: learned.size, held: held?.size ?? 0, replayed: 0 },
    ...{ losses, differenceFraction, bytes: onnx.byteLength, device },
    timeMs: { features: featuresMs, train: trainMs, total: performance.now() - startedAt },
  };
  return { onnx, report };
}

/** What was learned, as far as the guard takes it. */
async function tryChanges(
  changes: readonly WeightChange[],
  held: LabelledDataset | undefined,
  opened: OpenedLora,
  run: LoraRun,
): Promise<Tried<Patch>> {
  const { guard = {}, base } = run.options;
  const whole: Patch = { name: 'personal', version: 1, base: await baseHash(opened.student), method: 'lora', changes };
  return firstAccepted({
    guard,
    isScalable: changes.length > 0,
    at: (strength) => withStrength(whole, strength),
    own: measureOn(held, judge, opened, run),
    base: measureOn(base, compare, opened, run),
  });
}

/** On examples that are not learned from; undefined without any. */
function measureOn<T extends Compared>(
  examples: LabelledDataset | undefined,
  by: (answered: Answered, metric: Metric) => T,
  { student, feed }: OpenedLora,
  run: LoraRun,
): Measure<Patch, T> {
  if (examples === undefined) return async () => undefined;
  return async (patch) => {
    const patched = (await applyPatch(studentFromArtifacts('imported', student), patch)).artifacts as StudentArtifacts;
    const rows: Answered[] = [];
    for await (const { examples: some } of batches(examples, 64, { signal: run.signal })) {
      throwIfAborted(run.signal);
      const inputs = feed(some.inputs);
      const [before, after] = [await logitsOf(student, inputs, run), await logitsOf(patched, inputs, run)];
      rows.push({ before, after, labels: some.labels });
    }
    const all = rows.reduce((a, b) => ({
      before: joinRows(a.before, b.before),
      after: joinRows(a.after, b.after),
      labels: Int32Array.of(...a.labels, ...b.labels),
    }));
    return by(all, metricOf(run.options.guard ?? {}));
  };
}

/** The model with the changes, held against the student that has them. */
async function write({ changes, ...patch }: Patch, targets: readonly MappedWeight[], opened: OpenedLora, run: LoraRun) {
  const { bytes, options, emit } = run;
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
  const patched = await applyPatch(studentFromArtifacts('imported', opened.student), { ...patch, changes });
  const found = await compareFile(onnx, opened, run, patched.artifacts as StudentArtifacts, WRITTEN);
  return { onnx, deltas, differenceFraction: found.fraction, device: found.device };
}

/** Throws    class-mismatch: labels or names that are not those of the model · labels-missing */
async function checkExamples(
  { data, holdout, base, labels }: PersonalizeOnnxOptions,
  classes: number,
  signal: AbortSignal,
) {
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
  for (const [role, one] of Object.entries({ holdout, base })) {
    if (one !== undefined) checkLabels(await readLabels(one, signal), classes, role);
  }
  return own;
}

/** What is learned from, and what is measured on. */
function partsOf({ data, holdout, guard, seed = 0 }: PersonalizeOnnxOptions, labels: Int32Array) {
  if (holdout !== undefined || guard === undefined) return [data, holdout] as const;
  const { learned, held } = holdOut(labels, heldFractionOf(guard), seed);
  return held.length === 0 ? ([data, undefined] as const) : ([pick(data, learned), pick(data, held)] as const);
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
