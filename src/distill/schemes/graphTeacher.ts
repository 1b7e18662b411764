import type { LayersModel } from '@tensorflow/tfjs-layers';
import { LimbeckError } from '../../core/errors.ts';
import { joinRows } from '../../core/rows.ts';
import { type Run, startRun } from '../../core/run.ts';
import { fraction, given, type OptionsOf, positive, required, schema } from '../../core/schema.ts';
import { type NdArray, sizeOf } from '../../core/shape.ts';
import type { Dataset } from '../../data/dataset.ts';
import { type NearestNeighboursOptions, nearestNeighbours } from '../../data/graph.ts';
import { type LabelPropagationOptions, labelPropagation } from '../../data/graphPropagation.ts';
import { batches } from '../../data/views.ts';
import { softTargets } from '../../losses/response/softTargets.ts';
import { asStudent } from '../../student/layersModel.ts';
import type { Student } from '../../student/student.ts';
import { toLogits } from '../classProbs.ts';
import type { DistillOptions } from '../distillOptions.ts';
import { checkRoundOptions, EPOCHS, HANDED_ON, handedOn, type RoundOptions } from '../roundOptions.ts';
import { openRounds, type RoundEvent } from '../rounds.ts';
import type { Distilled } from '../runDistill.ts';
import { storedAnswers } from '../storedAnswers.ts';

const OPTIONS = schema('graphTeacher', {
  /** It gets the trained weights. */
  student: required(given<Student | LayersModel>()),
  /** All examples, labelled or not. */
  data: required(given<Dataset>()),
  /** The class of each example, −1 if unknown. */
  labels: required(given<ArrayLike<number>>()),
  /** Features that show which examples are alike, [N, ...], such as a teacher's embeddings. Default: the inputs. */
  features: given<NdArray>(),
  /** The holdout's features, [M, ...]; needed if `features` and a holdout are given. */
  holdoutFeatures: given<NdArray>(),
  /** How the graph is made. */
  neighbours: given<Pick<NearestNeighboursOptions, 'k' | 'metric'>>(),
  /** How labels spread in it. */
  propagation: given<Omit<LabelPropagationOptions, 'signal'>>(),
  /** λ: the weight of a labelled example's own label against the graph's answer, 0…1. Default 0 (GLNN). */
  labelWeight: fraction(0),
  /** Softens both sides. Default 1 (GLNN). */
  temperature: positive(1),
  ...EPOCHS,
  ...HANDED_ON,
});

/** The graph, the few labels, and the student that learns from both. */
export interface GraphTeacherOptions extends RoundOptions, Pick<DistillOptions, 'epochs'>, OptionsOf<typeof OPTIONS> {}

/** What happened so far. */
export type GraphTeacherEvent =
  | RoundEvent
  | { readonly type: 'graph'; readonly examples: number; readonly k: number; readonly labelled: number };

/** The result of a run, with the graph's answers: probabilities [N, C]. */
export interface GraphTaught extends Distilled {
  readonly probs: NdArray;
}

/**
 * Graph-less neural networks (GLNN): a graph over all local examples spreads a few labels to the rest, and a student learns
 * the result. Afterwards it answers new examples without a graph. It minimizes λ · NLL + (1 − λ) · KL for labelled examples
 * and KL for the others, in one mean.
 * The holdout is not part of the teaching graph; a second graph gives the answers for its metrics.
 * Shapes    labels [N], features [N, ...] → the student's 'logits' [B, C], probabilities [N, C]
 * Units     logits; distances in those of the features
 * Throws    invalid-option · empty-dataset · labels-missing · class-mismatch · shape-mismatch · not-finite · what `distill` throws
 * Source    Zhang et al. 2022, "Graph-less Neural Networks", eq. 1, arXiv:2110.08727
 * Differs   their teacher is a trained graph network, here labels spread (`labelPropagation`); the two terms are means over
 *           labelled and over all examples there
 *
 * @example
 * const run = graphTeacher({ student: mlp({ classes: 10 }), data, labels, neighbours: { k: 8, metric: 'cosine' } });
 * const { student, probs } = await run.done;
 */
export function graphTeacher(options: GraphTeacherOptions): Run<GraphTaught, GraphTeacherEvent> {
  return startRun((emit, signal) => run(options, emit, signal), options.signal);
}

async function run(
  options: GraphTeacherOptions,
  emit: (event: GraphTeacherEvent) => void,
  signal: AbortSignal,
): Promise<GraphTaught> {
  checkOptions(options);
  const { student, data, labels, holdout, labelWeight, temperature, epochs } = OPTIONS.read(options);
  const { neighbours = {}, propagation = {} } = options;
  await using rounds = await openRounds({ options, rounds: 1, emit, signal });
  rounds.begin(asStudent(student).name);
  const loss = softTargets({ temperature });
  await rounds.checkAll({ ...handedOn(options), student, data, loss }, propagation.classes ?? 1 + highest(labels));
  const features = options.features ?? (await flatInputs(data, signal));
  const graph = await nearestNeighbours(features, { ...neighbours, signal });
  const probs = await labelPropagation(graph, labels, { ...propagation, signal });
  const labelled = Array.from(labels).filter((label) => label >= 0).length;
  emit({ type: 'graph', examples: graph.size, k: graph.k, labelled });
  let heldOut: { holdout: { logits: NdArray } } | undefined;
  if (holdout !== undefined) {
    const classes = probs.shape[1] as number;
    const others = options.holdoutFeatures ?? (await flatInputs(holdout, signal));
    const larger = await nearestNeighbours(joinRows(features, others), { ...neighbours, signal });
    const unknown = [...Array.from(labels), ...new Array<number>(holdout.size).fill(-1)];
    const all = await labelPropagation(larger, unknown, { ...propagation, classes, signal });
    const rows = all.data.subarray(data.size * classes);
    heldOut = { holdout: { logits: toLogits({ data: rows, shape: [holdout.size, classes] }) } };
  }
  const stored = storedAnswers(
    { logits: toLogits(withLabels(probs, labels, labelWeight)) },
    { name: 'graph', ...heldOut },
  );
  const distilled = await rounds.distill({ ...handedOn(options), ...stored, student, data, loss, epochs });
  return { ...distilled, probs };
}

function highest(labels: ArrayLike<number>): number {
  return Array.from(labels).reduce((most, label) => Math.max(most, label), -1);
}

/** λ · NLL + (1 − λ) · KL has the gradient of one divergence from λ · label + (1 − λ) · probs. */
function withLabels({ data, shape }: NdArray, labels: ArrayLike<number>, weight: number): NdArray {
  const classes = shape[1] as number;
  const blended = Float32Array.from(data);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] as number;
    if (label < 0) continue;
    for (let c = 0; c < classes; c++) {
      blended[i * classes + c] = (1 - weight) * (blended[i * classes + c] as number) + (c === label ? weight : 0);
    }
  }
  return { data: blended, shape };
}

/** All inputs of each example in one row. */
async function flatInputs(data: Dataset, signal: AbortSignal): Promise<NdArray> {
  const lengths = Object.values(data.inputs).map(({ shape }) => sizeOf(shape));
  const width = lengths.reduce((sum, length) => sum + length, 0);
  const rows = new Float32Array(data.size * width);
  for await (const { indices, examples } of batches(data, 256, { signal })) {
    indices.forEach((index, i) => {
      let at = index * width;
      Object.keys(data.inputs).forEach((name, n) => {
        const length = lengths[n] as number;
        const values = examples.inputs[name]?.data.subarray(i * length, (i + 1) * length);
        if (values !== undefined) rows.set(values, at);
        at += length;
      });
    });
  }
  return { data: rows, shape: [data.size, width] };
}

function checkOptions(options: GraphTeacherOptions): void {
  const { data, labels, features, holdout, holdoutFeatures } = OPTIONS.read(options);
  checkRoundOptions(options);
  if (holdout !== undefined && (features === undefined) !== (holdoutFeatures === undefined)) {
    throw new LimbeckError(
      'invalid-option',
      'graphTeacher was given a holdout, and only one of "features" and "holdoutFeatures". Give both or none.',
    );
  }
  const rows = { labels: labels?.length, ...(features && { features: features.shape[0] }) };
  for (const [name, count] of Object.entries(rows)) {
    if (count === data.size) continue;
    throw new LimbeckError(
      'shape-mismatch',
      `There are ${data.size} examples and "${name}" has ${String(count)}; give one each, −1 for no label.`,
    );
  }
  if (highest(labels) < 0) {
    throw new LimbeckError('labels-missing', 'graphTeacher needs one label at least; all are −1.');
  }
}
