import { LimbeckError } from '../../../core/errors.ts';
import { stackRows } from '../../../core/rows.ts';
import type { NamedArrays, NdArray } from '../../../core/shape.ts';
import { fromArrays } from '../../../data/arrays.ts';
import type { Dataset, LabelledDataset } from '../../../data/dataset.ts';
import { batches } from '../../../data/views.ts';
import { addLowRank, type LowRankDelta } from '../../../onnx/addLowRank.ts';
import { readModel, writeModel } from '../../../onnx/model.ts';
import { withMetadata } from '../../../onnx/withMetadata.ts';
import { applyPatch } from '../../../student/patch/applyPatch.ts';
import { baseHash } from '../../../student/patch/baseHash.ts';
import type { Patch } from '../../../student/patch/patch.ts';
import { type StudentArtifacts, studentFromArtifacts } from '../../../student/student.ts';
import type { Trainer } from '../../../train/trainer.ts';
import type { Adaptable } from '../../adaptable.ts';
import { readAll } from '../../examples.ts';
import { drawReplayed } from '../../keep.ts';
import { learnPatch } from '../../learnPatch.ts';
import type { Method } from '../../method.ts';
import { type LoraOptions, lora } from '../../methods/lora.ts';
import { compareFile } from '../compareFile.ts';
import { checkLabels, readLabels } from '../labels.ts';
import { type Adapted, copiesOf, type OnnxRun } from '../onnxRun.ts';
import { learnOptionsOf, methodOf, NOT_MEASURED, type OnnxSettings } from '../personalizeOnnxOptions.ts';
import { chooseTargets } from './loraTargets.ts';
import { logitsOf, type OpenedLora, openLora, tapOf } from './openLora.ts';
import { type MappedWeight, mapWeights, toDelta } from './weightMap.ts';

const WRITTEN = { from: 'the student that learned', advice: 'Please report the model.' };
/** How many examples go through the model at a time. */
const BATCH = 64;

/**
 * The method `lora` of `personalizeOnnx`: the model becomes a student, products of low rank that are added to its matrices
 * learn, and the result is added to the weights of the file. Nothing else in it changes; other outputs that share weights
 * with the classes change too.
 * Throws    what `openLora`, `chooseTargets` and `learnPatch` throw · class-mismatch · labels-missing ·
 *           internal: the file gives other logits than the student
 * Source    Hu et al. 2022, §4.1, arXiv:2106.09685 (no latency after merging)
 */
export async function adaptLora(run: OnnxRun<Trainer>): Promise<Adapted> {
  const startedAt = performance.now();
  const { bytes, options, trainer, emit, signal } = run;
  const { data, holdout, base: ofBase, keep, seed } = options;
  for (const message of trainer.description.notices) emit({ type: 'notice', message });
  const opened = await openLora(run);
  const { classes } = opened;
  await checkExamples(options, classes, signal);
  const method = methodOf(options);
  const given = method.options as LoraOptions;
  const targets = chooseTargets(await mapWeights(opened.cut, opened.student, opened.toStudent), bytes, {
    ...(given.targets && { targets: given.targets }),
    name: options.name,
  });
  if (ofBase === undefined) emit({ type: 'notice', message: NOT_MEASURED });
  const copies = copiesOf(options);
  const replay = drawReplayed(keep, seed);
  const fed = <D extends Dataset>(examples: D) => fedBy(opened, examples, signal);
  const learning = {
    ...learnOptionsOf(options),
    method: onLayers(method, targets, data.size, copies?.size ?? 0),
    data: await fed(data),
    ...(copies && { copies: await fed(copies) }),
    ...(holdout && { holdout: await fed(holdout) }),
    ...(ofBase && { base: await fed(ofBase) }),
    ...(keep && { keep: { ...keep, ...(replay && { replay: await fed(replay) }) } }),
  };
  const featuresMs = performance.now() - startedAt;
  const base = await adaptableOf(opened, run);
  const { patch, figures, learnMs } = await learnPatch(learning, base, { trainer, emit, signal });
  const told = { figures, learnMs, featuresMs, classes, keepsClasses: true };
  if (!figures.verdict.isAccepted) {
    return { ...told, onnx: bytes.slice(), weights: [], differenceFraction: 0, device: opened.device };
  }
  return { ...told, ...(await write(patch, targets, opened, run)) };
}

/** The student of a model. No single layer tells its classes, so its logits replace the features. */
async function adaptableOf({ value, student, classes }: OpenedLora, run: OnnxRun<Trainer>): Promise<Adaptable> {
  const logits = async (inputs: NamedArrays, patch?: Patch) => {
    const one = patch === undefined ? student : (await applyPatch(student, patch)).artifacts;
    const rows: NdArray[] = [];
    for await (const { examples } of batches(fromArrays(inputs), BATCH, { signal: run.signal })) {
      run.signal.throwIfAborted();
      rows.push(await logitsOf(one as StudentArtifacts, examples.inputs, run));
    }
    return stackRows(rows);
  };
  return {
    artifacts: student,
    classifier: { layer: value, features: value, classes },
    known: classes,
    hash: await baseHash(student),
    logits,
    async answers(inputs) {
      const said = await logits(inputs);
      return { features: said, logits: said };
    },
  };
}

/** Examples as the student reads them. */
async function fedBy<D extends Dataset>({ feed }: OpenedLora, examples: D, signal: AbortSignal): Promise<D> {
  const { inputs, labels } = await readAll(examples, signal);
  return (labels === undefined ? fromArrays(feed(inputs)) : fromArrays(feed(inputs), labels)) as Dataset as D;
}

const LEAST_STEPS = 100;
/** How often each example is seen, as it is or varied. */
const LEAST_PASSES = 10;

/** The same method on the layers that hold the targets, with defaults that suit foreign models. */
function onLayers(
  { options, ...method }: Method,
  targets: readonly MappedWeight[],
  own: number,
  copies: number,
): Method {
  const { batchSize = 32 } = options as LoraOptions;
  const passes = Math.ceil((LEAST_PASSES * own) / (own + copies));
  const epochs = Math.max(passes, Math.ceil(LEAST_STEPS / Math.ceil((own + copies) / batchSize)));
  const defaults = { epochs, optimizer: { name: 'adam', learningRate: 3e-3 } } as const;
  const layers = targets.map(({ layer }) => layer);
  const { learn } = lora({ ...defaults, ...(options as LoraOptions), targets: layers });
  return { ...method, options: { ...defaults, ...options }, learn };
}

/** The model with the changes, compared with the student that has them. */
async function write(
  { changes, ...patch }: Patch,
  targets: readonly MappedWeight[],
  opened: OpenedLora,
  run: OnnxRun<Trainer>,
) {
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
  const expected = await logitsOf(patched.artifacts as StudentArtifacts, opened.first, run);
  const found = await compareFile(onnx, { ...tapOf(opened.value), expected, words: WRITTEN }, run);
  return { onnx, weights: weightsIn(targets, deltas), differenceFraction: found.fraction, device: found.device };
}

/** Throws    class-mismatch: labels or names that are not those of the model · labels-missing */
async function checkExamples(
  { data, holdout, base, labels }: OnnxSettings,
  classes: number,
  signal: AbortSignal,
): Promise<void> {
  if (labels !== undefined && labels.length !== classes) {
    throw new LimbeckError(
      'class-mismatch',
      `There are ${labels.length} "labels", and the model tells ${classes} classes, which "lora" keeps. Name them all, or ` +
        'use the method headOnly(), which takes new ones.',
      { details: { given: labels.length, classes } },
    );
  }
  for (const [role, one] of Object.entries({ data, holdout, base })) {
    if (one !== undefined) checkLabels(await readLabels(one as LabelledDataset, signal), classes, role);
  }
}

/** The file with the names of its classes and the preparation of its inputs, where they are given. */
function withNames(file: Uint8Array<ArrayBuffer>, { labels, input }: OnnxSettings): Uint8Array<ArrayBuffer> {
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
