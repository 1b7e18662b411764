import { argMax } from '../../../core/stats.ts';
import { fromArrays } from '../../../data/arrays.ts';
import type { LabelledDataset } from '../../../data/dataset.ts';
import { addedBy } from '../../../student/patch/addedBy.ts';
import type { Patch, WeightChange } from '../../../student/patch/patch.ts';
import { HEAD_INPUT } from '../../../student/topology/headOf.ts';
import { learnPatch } from '../../learnPatch.ts';
import { compareFile, firstExamples } from '../compareFile.ts';
import { checkLabels, countClasses, readLabels } from '../labels.ts';
import type { Adapted, OnnxRun } from '../onnxRun.ts';
import { learnOptionsOf, methodOf, NOT_MEASURED } from '../personalizeOnnxOptions.ts';
import { answersAt, askBackbone, type LabelledRows, logitsAsRead } from './askBackbone.ts';
import { chooseTap } from './chooseTap.ts';
import { classesOf, sayOwn } from './classes.ts';
import { type Scaling, scaledRows, scalingOf } from './headScaling.ts';
import { headStudent, OWN_INPUT } from './headStudent.ts';
import { openHead } from './openHead.ts';

const WRITTEN = { from: 'backbone and head apart', advice: 'Another "tap" may work; please report the model.' };

/**
 * Asks a model about all examples, trains a head on its answers, and writes it into the file: `headOnly` and `prototypes`.
 * Throws    invalid-onnx · unknown-tensor · unsupported-operator · shape-mismatch · class-mismatch · labels-missing ·
 *           not-finite · internal: the file differs from its parts, and what methods and sessions throw
 */
export async function adaptHead(run: OnnxRun): Promise<Adapted> {
  const { bytes, options, trainer, emit, signal } = run;
  const { data, holdout, read, seed, output = 'logits' } = options;
  const opened = await openHead(bytes, options, signal);
  const labels = await readLabels(data, signal);
  // The model's own classes do not all need an example, and their number is known once it has answered.
  const said = sayOwn(options) ? undefined : countClasses(labels, options.labels);
  if (holdout !== undefined && said !== undefined) checkLabels(await readLabels(holdout, signal), said, 'holdout');
  const ask = { ...run, ...opened };
  emit({ type: 'phase', phase: 'features' });
  const { answers: all, device, ms: featuresMs } = await askBackbone(ask);
  const { classes, areOwn } = classesOf(options, all);
  for (const [role, one] of [['holdout', all.held] as const, ['base', all.base] as const]) {
    if (one !== undefined) checkLabels(one.labels, classes, role);
  }
  const chosen = await chooseTap(all, opened.tensors, { classes, areOwn }, { seed, trainer, signal });
  if (all.own.logits?.shape[1] === classes && all.base === undefined) emit({ type: 'notice', message: NOT_MEASURED });

  const rows = answersAt(all, chosen.at);
  // Features for classes unknown to the model have any size; changes of the model's own answers are small already.
  const scaling = areOwn ? undefined : scalingOf(rows.own.rows);
  const toDataset = datasetsBy(scaling, areOwn);
  const own = toDataset(rows.own);
  const width = rows.own.rows.shape[1] as number;
  const base = await headStudent({ features: width, classes, adds: areOwn });
  const before = read && (await logitsAsRead(holdout ?? data, classes, ask));
  const learning = {
    ...learnOptionsOf(options),
    method: methodOf(options),
    data: own,
    ...(rows.copies && { copies: toDataset(rows.copies) }),
    ...(rows.held && { holdout: toDataset(rows.held) }),
    // What it says of them is told, also where the head stands alone.
    ...(rows.base && { base: datasetsBy(scaling, true)(rows.base) }),
    ...(options.keep && {
      keep: { ...options.keep, ...(rows.replay && { replay: toDataset(withAnswers(rows.replay)) }) },
    }),
    ...(before && { before }),
  };
  const { patch, figures, learnMs } = await learnPatch(learning, base, {
    ...{ trainer, signal },
    // The features are known already.
    emit: (event) => (event.type === 'phase' && event.phase === 'features' ? undefined : emit(event)),
  });

  const tapped = { name: opened.tensors[chosen.at] as string, shape: all.own.values[chosen.at]?.shape ?? [] };
  const onto = areOwn ? opened.logits : undefined;
  let written: Pick<Adapted, 'onnx' | 'differenceFraction'> = { onnx: bytes.slice(), differenceFraction: 0 };
  if (figures.verdict.isAccepted) {
    emit({ type: 'phase', phase: 'write' });
    const onnx = await writeHead(patch, { tapped, onto, scaling }, run);
    const { inputs } = await firstExamples({ data: own }, signal);
    const expected = await base.logits(inputs, patch);
    const wanted = { opening: { outputs: [output] }, output, expected, words: WRITTEN };
    const { fraction } = await compareFile(onnx, wanted, run);
    written = { onnx, differenceFraction: fraction };
  }
  const features = {
    ...{ name: tapped.name, shape: tapped.shape.slice(1), count: width },
    ...{ candidates: chosen.candidates, why: chosen.why },
  };
  return { ...written, figures, learnMs, featuresMs, classes, keepsClasses: areOwn, device, features };
}

/** Features as a head reads them, and the model's own logits. */
function datasetsBy(scaling: Scaling | undefined, withOwn: boolean) {
  return ({ rows, logits, labels }: LabelledRows): LabelledDataset => {
    const features = scaling === undefined ? rows : scaledRows(rows, scaling);
    return fromArrays({ [HEAD_INPUT]: features, ...(withOwn && logits && { [OWN_INPUT]: logits }) }, labels);
  };
}

/** If replayed examples have no labels, the model's answers replace them. */
function withAnswers({ rows, logits, labels }: LabelledRows): LabelledRows {
  const classes = logits?.shape[1] ?? 0;
  const said = (i: number) => argMax(logits?.data ?? [], i * classes, classes);
  return { rows, logits, labels: labels.map((label, i) => (label >= 0 ? label : said(i))) };
}

async function writeHead(
  { changes }: Patch,
  { tapped, onto, scaling }: Place,
  { bytes, options }: OnnxRun,
): Promise<Uint8Array<ArrayBuffer>> {
  const { appendHead } = await import('../../../onnx/appendHead.ts');
  const { pooling, channels, output = 'logits', probabilities, keepOutputs, name } = options;
  const { labels, input } = options;
  const learned = (rank: number) => addedBy(changes.find(({ shape }) => shape.length === rank) as WeightChange);
  return appendHead(bytes, {
    tap: { tensor: tapped.name },
    shape: [null, ...tapped.shape.slice(1)],
    ...(onto !== undefined && { onto }),
    ...(pooling && { pooling }),
    ...(channels && { channels }),
    ...{ weights: learned(2), bias: learned(1), ...scaling, output, probabilities, keepOutputs, name },
    metadata: {
      // Names in the given model are those of other classes.
      'limbeck.labels': labels && JSON.stringify(labels),
      ...(input && { 'limbeck.input': JSON.stringify(input) }),
    },
  });
}

/** Where a head is written, and how features are scaled for it. */
interface Place {
  readonly tapped: { readonly name: string; readonly shape: readonly number[] };
  /** The logits that it adds to. */
  readonly onto: string | undefined;
  readonly scaling: Scaling | undefined;
}
