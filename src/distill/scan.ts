import { takeTurns } from '../core/turns.ts';
import { type Dataset, type Examples, isLabelled, type LabelledExamples } from '../data/dataset.ts';
import { holdDecoded } from '../data/decoded.ts';
import { batches } from '../data/views.ts';
import type { Loss } from '../losses/loss.ts';
import type { StudentDescription } from '../student/student.ts';
import { checkExamples, checkFinite } from './checkExamples.ts';
import type { DistillOptions } from './distillOptions.ts';
import type { DistillEvent } from './events.ts';

const SCAN_BATCH = 64;

type Datasets = Partial<Pick<DistillOptions, 'data' | 'teacherData' | 'holdout' | 'teacherHoldout' | 'control'>>;

/** Keeps decoded examples until it is disposed, because a run reads each example several times. */
export function holdDecodedOf({ data, teacherData, holdout, teacherHoldout, control }: Datasets): Disposable {
  const ofControl = typeof control === 'object' ? control.data : undefined;
  return holdDecoded(data, teacherData, holdout, teacherHoldout, ofControl);
}

/** Checks every example before anything costly begins; returns the labels of the holdout, which are for scoring only. */
export async function lookAtAll(
  { data, teacherData, holdout, teacherHoldout }: DistillOptions,
  loss: Loss,
  student: StudentDescription,
  emit: (event: DistillEvent) => void,
  signal: AbortSignal,
): Promise<Int32Array | undefined> {
  const ofTeacher = [teacherData, teacherHoldout].filter((dataset) => dataset !== undefined);
  const total = [data, ...(holdout ? [holdout] : []), ...ofTeacher].reduce((sum, { size }) => sum + size, 0);
  let before = 0;
  const lookAt = async (dataset: Dataset, look: Parameters<typeof scan>[1]) => {
    await scan(dataset, look, (looked) => emit({ type: 'examples', looked: before + looked, total }), signal);
    before += dataset.size;
  };
  const check = (examples: Examples, first: number) => checkExamples(examples, first, loss, student);
  await lookAt(data, check);
  for (const dataset of ofTeacher) await lookAt(dataset, checkFinite);
  if (holdout === undefined) return undefined;
  const truth = isLabelled(holdout) ? new Int32Array(holdout.size) : undefined;
  const checkAndKeep = (examples: Examples | LabelledExamples, first: number) => {
    check(examples, first);
    if ('labels' in examples) truth?.set(examples.labels, first);
  };
  await lookAt(holdout, checkAndKeep);
  return truth;
}

/**
 * Reads and checks every example once, so that bad data is found before any costly work.
 * Throws    what `look` and the dataset throw · AbortError
 */
export async function scan(
  dataset: Dataset,
  look: (examples: Examples, firstIndex: number) => void,
  onScanned: (count: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const turn = takeTurns(signal);
  let at = 0;
  for await (const { indices, examples } of batches(dataset, SCAN_BATCH, { signal })) {
    await turn();
    look(examples, at);
    at += indices.length;
    onScanned(at);
  }
}
