import { LimbeckError } from '../../core/errors.ts';
import { DEFAULT_OUTPUT } from '../../core/outputs.ts';
import { joinRows } from '../../core/rows.ts';
import { formatShape, type NdArray } from '../../core/shape.ts';
import type { LabelledDataset } from '../../data/dataset.ts';
import { batches, pick } from '../../data/views.ts';
import { loadTeacher } from '../../teacher/onnx.ts';
import { nextBatchSize } from '../../teacher/teacher.ts';
import { canCrossFit } from '../crossFit.ts';
import type { Measure } from '../firstAccepted.ts';
import { heldFractionOf, metricOf } from '../guard.ts';
import { holdOut } from '../holdOut.ts';
import { type Answered, type Compared, type Judged, judge } from '../judged.ts';
import { addLogits, crossFitRows } from './addedHead.ts';
import { type Answers, type Asking, type LabelledRows, rowsAt, sessionOf } from './askBackbone.ts';
import type { LinearHead } from './headScaling.ts';
import type { PersonalizeOnnxReport } from './personalizeOnnxReport.ts';
import { applyHead } from './prototypeHead.ts';

/** What a head is measured on, and, where that is a part of the examples, the places of the others. */
export interface HeldOut {
  readonly rows: LabelledRows;
  readonly examples: LabelledDataset;
  readonly kept: Int32Array | undefined;
}

/** The holdout, or the part of the examples that the guard asks for; undefined where neither is there. */
export function heldOut({ own, held }: Answers<LabelledRows>, { options }: Asking): HeldOut | undefined {
  const { data, holdout, guard, seed = 0 } = options;
  if (held !== undefined && holdout !== undefined) return { rows: held, examples: holdout, kept: undefined };
  if (guard === undefined) return undefined;
  const { learned: kept, held: places } = holdOut(own.labels, heldFractionOf(guard), seed);
  return places.length === 0 ? undefined : { rows: rowsAt(own, places), examples: pick(data, places), kept };
}

/** Of a head that adds to what the model says: on the holdout, or on the examples by cross-fitting. */
export async function measureAdded(
  answers: Answers<LabelledRows>,
  { options }: Asking,
  solve: (rows: LabelledRows) => Promise<LinearHead>,
): Promise<{ readonly own: Measure<LinearHead, Judged>; readonly judgedBy: PersonalizeOnnxReport['judgedBy'] }> {
  const { guard = {}, seed = 0 } = options;
  const metric = metricOf(guard);
  if (answers.held) return { own: measureRows(answers.held, true, (one) => judge(one, metric)), judgedBy: 'held-out' };
  const fraction = heldFractionOf(guard);
  if (fraction === 0 || !canCrossFit(answers.own.labels)) return { own: async () => undefined, judgedBy: 'nothing' };
  const added = await crossFitRows(answers, { fraction, seed }, solve);
  const before = answers.own.logits as NdArray;
  const own: Measure<LinearHead, Judged> = async (_, strength) =>
    judge({ before, after: addLogits(before, added, strength), labels: answers.own.labels }, metric);
  return { own, judgedBy: 'cross-fitting' };
}

/** On rows that are not learned from; undefined without any. */
export function measureRows<T extends Compared>(
  rows: LabelledRows | undefined,
  adds: boolean,
  by: (answered: Answered) => T,
): Measure<LinearHead, T> {
  if (rows?.logits === undefined) return async () => undefined;
  const { logits: before, labels } = rows;
  return async (head) => {
    const said = applyHead(rows.rows, head);
    return by({ before, after: adds ? addLogits(before, said) : said, labels });
  };
}

/** What the model as it came says of examples, as `read` tells it. Throws    class-mismatch, and what the model throws */
export async function logitsAsRead(
  examples: LabelledDataset,
  classes: number,
  { bytes, options, signal }: Asking,
): Promise<NdArray> {
  const opening = { ...sessionOf(options, signal), ...(options.read && { read: options.read }) };
  await using model = await loadTeacher(bytes as Uint8Array<ArrayBuffer>, opening).done;
  const all: NdArray[] = [];
  for await (const { examples: some } of batches(examples, () => nextBatchSize(model), { signal })) {
    const { [DEFAULT_OUTPUT]: logits } = await model.ask(some.inputs, signal);
    const isFitting = logits?.shape.length === 2 && logits.shape[1] === classes;
    if (logits === undefined || !isFitting) {
      throw new LimbeckError(
        'class-mismatch',
        `"read" gave "${DEFAULT_OUTPUT}" ${logits ? formatShape(logits.shape) : 'not at all'}; to measure the model before, ` +
          `it must give ${formatShape([some.labels.length, classes])}, the same classes in the same order.`,
        { details: { given: logits?.shape ?? null, classes } },
      );
    }
    all.push(logits);
  }
  return all.reduce(joinRows);
}
