import type { NdArray } from '../../core/shape.ts';
import { partsOf } from '../crossFit.ts';
import { solveHead } from '../head/solveHead.ts';
import { HEAD_ITERATIONS, HEAD_L2, NEAR, NEAR_TO_JUDGE, wantedAnswers } from '../head/wantedAnswers.ts';
import { type Answers, joinedRows, type LabelledRows, rowsAt, withCopies } from './askBackbone.ts';
import type { LinearHead } from './headScaling.ts';
import { applyHead } from './prototypeHead.ts';

/** Examples as a solved head learns from them, and how exactly. */
export interface SolveRowsOptions {
  /** Examples that are learned along; what the model says of them counts so much beside their labels' 1. */
  readonly replay: LabelledRows | undefined;
  readonly formerWeight: number;
  /** Default 0.03. */
  readonly l2?: number;
  /** Whether it is judged and not kept: half of the way will do. */
  readonly isRehearsal?: boolean;
  readonly signal: AbortSignal;
}

/**
 * What is to be added to the rows' logits: the last layer of `headOnly`, on any value of any model.
 * Shapes    rows [N, F], logits [N, C] → weights [F, C], bias [C]
 * Throws    AbortError
 * Source    see `solveHead`
 */
export async function solveRows(own: LabelledRows, options: SolveRowsOptions): Promise<LinearHead> {
  const { replay, formerWeight, l2 = HEAD_L2, isRehearsal = false, signal } = options;
  const { rows: features, logits, labels } = replay === undefined ? own : joinedRows(own, replay);
  const known = logits as NdArray;
  const lesson = { logits: known, labels, size: labels.length, own: own.labels.length, formerWeight };
  const { kernel: weights, bias } = await solveHead(
    { features, logits: known, ...wantedAnswers(lesson), l2, hasBias: true },
    { iterations: HEAD_ITERATIONS, near: isRehearsal ? NEAR_TO_JUDGE : NEAR, signal },
  );
  return { weights, bias };
}

/**
 * What heads add to the logits of each of the person's examples that were solved for without it and its copies.
 * Shapes    → [N, C]
 * Throws    AbortError
 * Source    see `crossFit`
 */
export async function crossFitRows(
  answers: Pick<Answers<LabelledRows>, 'own' | 'copies'>,
  { fraction, seed }: { readonly fraction: number; readonly seed: number },
  solve: (rows: LabelledRows) => Promise<LinearHead>,
): Promise<NdArray> {
  const { own } = answers;
  const classes = own.logits?.shape[1] as number;
  const added = new Float32Array(own.labels.length * classes);
  for (const part of partsOf(own.labels, fraction, seed)) {
    const isLeft = new Set(part);
    const others = Int32Array.from(own.labels.keys()).filter((i) => !isLeft.has(i));
    const { data } = applyHead(rowsAt(own, part).rows, await solve(withCopies(answers, others)));
    for (const [at, i] of part.entries()) added.set(data.subarray(at * classes, (at + 1) * classes), i * classes);
  }
  return { data: added, shape: [own.labels.length, classes] };
}

/** Shapes    [N, C] + strength · [N, C] */
export function addLogits({ data, shape }: NdArray, added: NdArray, strength = 1): NdArray {
  return { data: Float32Array.from(data, (logit, at) => logit + strength * (added.data[at] as number)), shape };
}
