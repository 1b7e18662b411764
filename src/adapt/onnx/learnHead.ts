import { throwIfAborted } from '../../core/errors.ts';
import { figures as written } from '../../core/figures.ts';
import { argMax } from '../../core/stats.ts';
import type { Trainer } from '../../train/trainer.ts';
import { firstAccepted, type Measure, type Tried } from '../firstAccepted.ts';
import { metricOf } from '../guard.ts';
import { compare, type Judged, judge } from '../judged.ts';
import { solveRows } from './addedHead.ts';
import { type Answers, type Asking, type LabelledRows, withCopies } from './askBackbone.ts';
import { type TrainedHead, trainHead } from './head.ts';
import type { LinearHead } from './headScaling.ts';
import { heldOut, logitsAsRead, measureAdded, measureRows } from './measureHead.ts';
import type { HeadClasses } from './ownClasses.ts';
import type { OwnFigures, PersonalizeOnnxReport } from './personalizeOnnxReport.ts';
import { applyHead, prototypeHead } from './prototypeHead.ts';

/** A head as far as the guard takes it, and what was measured. */
export interface LearnedHead extends Pick<Tried<LinearHead>, 'verdict' | 'strength'> {
  readonly head: LinearHead;
  readonly losses: readonly number[];
  readonly own: OwnFigures | undefined;
  readonly base: PersonalizeOnnxReport['base'];
  readonly judgedBy: PersonalizeOnnxReport['judgedBy'];
  readonly held: number;
}

/** A head that adds to what the model says of its own classes: solved for, and taken at the strength that the guard allows. */
export async function learnAdded(answers: Answers<LabelledRows>, ask: Asking): Promise<LearnedHead> {
  const { options, emit, signal } = ask;
  const { guard = {}, keep } = options;
  const replay = answers.replay && withAnswers(answers.replay);
  const formerWeight = keep === undefined ? 0 : (keep.former ?? 2);
  const solve = (rows: LabelledRows, isRehearsal = true) =>
    solveRows(rows, { replay, formerWeight, isRehearsal, signal });
  const whole = await solve(withCopies(answers), false);
  emit({ type: 'phase', phase: 'measure' });
  const { own, judgedBy } = await measureAdded(answers, ask, solve);
  const tried = await firstAccepted({
    guard,
    isScalable: true,
    at: (strength) => scaled(whole, strength),
    own,
    base: measureRows(answers.base, true, (one) => compare(one, metricOf(guard))),
  });
  const { patch: head, verdict, strength, own: figures, ofBase: base } = tried;
  return { head, losses: [], verdict, strength, own: figures, base, judgedBy, held: answers.held?.labels.length ?? 0 };
}

/** A head that stands alone, in place of what the model says. */
export async function learnAlone(
  answers: Answers<LabelledRows>,
  { classes }: HeadClasses,
  trainer: Trainer | undefined,
  ask: Asking,
): Promise<LearnedHead> {
  const { options, emit } = ask;
  const { guard = {}, read } = options;
  const metric = metricOf(guard);
  const learn = (rows: LabelledRows) => makeHead(rows, classes, trainer, ask);
  const held = heldOut(answers, ask);
  const first = await learn(withCopies(answers, held?.kept));
  if (held !== undefined || answers.base !== undefined) emit({ type: 'phase', phase: 'measure' });
  const before = read && held && (await logitsAsRead(held.examples, classes, ask));
  const own: Measure<LinearHead, Judged> = before
    ? measureRows({ ...held.rows, logits: before }, false, (one) => judge(one, metric))
    : async () => undefined;
  const base = measureRows(answers.base, false, (one) => compare(one, metric));
  const tried = await firstAccepted({ guard, isScalable: false, at: () => first, own, base });
  const after = (rows: LabelledRows): OwnFigures => ({
    after: metric.compute({ student: applyHead(rows.rows, first), labels: rows.labels }),
    examples: rows.labels.length,
  });
  const whole = held?.kept === undefined || !tried.verdict.isAccepted ? first : await learn(withCopies(answers));
  const figures = tried.own ?? (held && after(held.rows));
  const isAlone = tried.own === undefined && figures !== undefined && tried.ofBase === undefined;
  const why = `On the person’s ${figures?.examples} examples that judge, ${metric.name} is ${written(figures?.after, 4)}; the model itself was not held against it.`;
  return {
    head: whole,
    losses: whole.losses,
    verdict: isAlone ? { isAccepted: true, why } : tried.verdict,
    strength: 1,
    own: figures,
    base: tried.ofBase,
    judgedBy: figures === undefined ? 'nothing' : 'held-out',
    held: held?.rows.labels.length ?? 0,
  };
}

/** Where replayed examples have no labels, what the model says of them stands for these. */
function withAnswers({ rows, logits, labels }: LabelledRows): LabelledRows {
  const classes = logits?.shape[1] ?? 0;
  return {
    rows,
    logits,
    labels: labels.map((label, i) => (label >= 0 ? label : argMax(logits?.data ?? [], i * classes, classes))),
  };
}

function scaled({ weights, bias }: LinearHead, strength: number): LinearHead {
  return { weights: weights.map((one) => strength * one), bias: bias.map((one) => strength * one) };
}

async function makeHead(
  { rows, labels }: LabelledRows,
  classes: number,
  trainer: Trainer | undefined,
  { options, emit, signal }: Asking,
): Promise<TrainedHead> {
  throwIfAborted(signal);
  if (trainer === undefined) return { ...prototypeHead(rows, labels, classes), losses: [] };
  const { seed = 0, learning } = options;
  return trainHead({ features: rows, labels, classes, trainer, seed, signal, emit, ...learning });
}
