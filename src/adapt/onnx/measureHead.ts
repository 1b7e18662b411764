import { LimbeckError } from '../../core/errors.ts';
import { percent } from '../../core/figures.ts';
import { DEFAULT_OUTPUT } from '../../core/outputs.ts';
import { formatShape } from '../../core/shape.ts';
import type { LabelledDataset } from '../../data/dataset.ts';
import { batches, pick } from '../../data/views.ts';
import { loadTeacher } from '../../teacher/onnx.ts';
import { nextBatchSize } from '../../teacher/teacher.ts';
import { accuracy } from '../../train/metrics/accuracy.ts';
import { heldFractionOf } from '../guard.ts';
import { holdOut } from '../holdOut.ts';
import { type Answers, type Asking, type LabelledRows, rowsAt, sessionOf } from './askBackbone.ts';
import type { LinearHead } from './headScaling.ts';
import type { OnnxGuard } from './personalizeOnnxOptions.ts';
import type { MeasuredHead } from './personalizeOnnxReport.ts';
import { applyHead } from './prototypeHead.ts';

/** What a head is measured on, and, where that is a part of the examples, the places of the others. */
export interface HeldOut {
  readonly rows: LabelledRows;
  readonly examples: LabelledDataset;
  readonly kept: Int32Array | undefined;
}

/** The holdout, or the part of the examples that the guard asks for; undefined where neither is there. */
export function heldOut({ own, held }: Answers, { options }: Asking): HeldOut | undefined {
  const { data, holdout, guard, seed = 0 } = options;
  if (held !== undefined && holdout !== undefined) return { rows: held, examples: holdout, kept: undefined };
  if (guard === undefined) return undefined;
  const { learned: kept, held: places } = holdOut(own.labels, heldFractionOf(guard), seed);
  return places.length === 0 ? undefined : { rows: rowsAt(own, places), examples: pick(data, places), kept };
}

/**
 * How often a head is right, and the model before it.
 * Throws    below-tolerance: the guard says that it must not be written, and what the model throws
 */
export async function measureHead(head: LinearHead, held: HeldOut, ask: Asking): Promise<MeasuredHead> {
  const { rows, labels } = held.rows;
  const after = accuracy.compute({ student: applyHead(rows, head), labels });
  const before = ask.options.read && (await measureModel(held.examples, head.bias.length, ask));
  if (ask.options.guard !== undefined && before !== undefined) keepGuard(ask.options.guard, { before, after }, OF_HEAD);
  return { ...(before !== undefined && { before }), after, examples: labels.length };
}

const OF_HEAD = { who: 'The head', advice: 'name an earlier value as "tap"' };

/** Throws    below-tolerance: worse than the model by more than the guard allows */
export function keepGuard(
  { toleranceFraction = 0 }: OnnxGuard,
  { before, after }: { readonly before: number; readonly after: number },
  { who, advice }: { readonly who: string; readonly advice: string },
): void {
  if (after >= before - toleranceFraction) return;
  throw new LimbeckError(
    'below-tolerance',
    `${who} names ${percent(after)} of the held-out examples right, the model itself ${percent(before)}, and the guard ` +
      `allows ${percent(toleranceFraction)} less. Give more examples, or ${advice}.`,
    { details: { before, after, toleranceFraction } },
  );
}

/** The accuracy of the model as it came. */
async function measureModel(
  examples: LabelledDataset,
  classes: number,
  { bytes, options, signal }: Asking,
): Promise<number> {
  const opening = { ...sessionOf(options, signal), ...(options.read && { read: options.read }) };
  await using model = await loadTeacher(bytes as Uint8Array<ArrayBuffer>, opening).done;
  let right = 0;
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
    right += accuracy.compute({ student: logits, labels: some.labels }) * some.labels.length;
  }
  return right / examples.size;
}
