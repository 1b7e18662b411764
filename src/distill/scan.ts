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

/** What is known of the holdout, for scoring only. */
export interface Truth {
  readonly labels?: Int32Array;
  /** [N, L]. */
  readonly sequences?: Int32Array;
}

/** Checks every example before anything costly begins; returns what is known of the holdout. */
export async function lookAtAll(
  { data, teacherData, holdout, teacherHoldout }: DistillOptions,
  loss: Loss,
  student: StudentDescription,
  emit: (event: DistillEvent) => void,
  signal: AbortSignal,
): Promise<Truth> {
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
  if (holdout === undefined) return {};
  const labels = isLabelled(holdout) ? new Int32Array(holdout.size) : undefined;
  const sequences: Int32Array[] = [];
  const checkAndKeep = (examples: Examples | LabelledExamples, first: number) => {
    check(examples, first);
    if ('labels' in examples) labels?.set(examples.labels, first);
    if (examples.sequences !== undefined) sequences.push(examples.sequences);
  };
  await lookAt(holdout, checkAndKeep);
  return { ...(labels && { labels }), ...(sequences.length > 0 && { sequences: joinedSequences(sequences) }) };
}

function joinedSequences(parts: readonly Int32Array[]): Int32Array {
  const all = new Int32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
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
