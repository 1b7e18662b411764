// Chooses the device by trying those that there are on a batch of the teacher's own.
import { messageOf } from '../../core/errors.ts';
import type { NamedArrays } from '../../core/shape.ts';
import { COLD_SPREAD, type SizeFigure } from './batchSizes.ts';
import { type Comparison, challenge, compare, isWorthTrying } from './challenge.ts';
import type { DevicePlan } from './devices.ts';
import { type FirstAnswer, slowFigure } from './firstAnswer.ts';
import type { PlacedSession, RunningSession } from './recover.ts';
import type { Placement } from './sessionSettings.ts';
import { type BatchFigure, chooseBatch } from './tune.ts';
import type { TunedPlace } from './tuneMemory.ts';

export interface TuneSessionOptions {
  readonly running: RunningSession;
  readonly plan: DevicePlan;
  /** What the session that runs was asked, and answered; these examples are measured over and over. */
  readonly first: FirstAnswer;
  /** The only sizes to measure; default: those that may pay. */
  readonly sizes?: readonly number[];
  readonly open: (placement: Placement) => Promise<PlacedSession>;
  readonly tell: (notice: string) => void;
}

/** Together, the time to open a GPU's session not counted. */
const BUDGET_MS = 1200;
export interface Tuned extends TunedPlace {
  readonly isProvisional: boolean;
  /** What wasm said to the first question, where it took over from a device that proved wrong. */
  readonly answer?: NamedArrays;
}

/**
 * Measures the model where it runs and where it might, and moves it to the better place; where there is one place only,
 * nothing is measured. A device other than wasm is taken only if it gives what wasm gives. The answer is provisional where
 * a device did not come to be measured, or the machine was too busy to say which is better: that may go better another time.
 * A model so slow that there is no time to measure it makes one pass on each processor engine: the first answer, and that
 * of the other, tell both what they say and how long they take.
 * Throws    what a run throws
 */
export async function tuneSession(options: TuneSessionOptions): Promise<Tuned> {
  const { running, plan, first, sizes } = options;
  const reasons: string[] = [...plan.reasons];
  const shareMs = BUDGET_MS / (1 + plan.challengers.length);
  let answered = first;
  if (running.current().placement.device !== 'wasm') {
    const doubt = await verify(options, slowFigure(first, shareMs) !== undefined);
    if (doubt !== undefined) reasons.push(doubt.why);
    answered = doubt?.answered ?? first;
  }
  let isProvisional = false;
  const challengers = running.current().placement.device === 'wasm' ? plan.challengers : [];
  const answer = () => (answered !== first && answered.inputs === first.inputs ? { answer: answered.outputs } : {});
  const slow = slowFigure(answered, shareMs);
  if (challengers.length === 0) {
    const { device } = running.current().placement;
    const known = slow === undefined ? {} : { batchSize: sizes?.[0] ?? slow.batchSize };
    return { device, ...known, figures: coldFigures(slow), why: reasons.join(' '), isProvisional, ...answer() };
  }
  let figures: readonly BatchFigure[] = slow ? [slow] : await running.current().measure(first.inputs, shareMs, sizes);
  let chosen = chooseBatch(figures);
  let leftMs = BUDGET_MS - shareMs;
  for (const [i, challenger] of challengers.entries()) {
    // A device that is not tried leaves its time to the others.
    const tried = challengers.slice(i).filter((device) => isWorthTrying(device, chosen));
    const budgetMs = leftMs / Math.max(1, tried.length);
    const result = await challenge(options, challenger, { figures, budgetMs, isSlow: slow !== undefined });
    figures = result.figures ?? figures;
    chosen = chooseBatch(figures);
    leftMs -= result.usedMs ?? 0;
    isProvisional ||= result.isProvisional ?? false;
    reasons.push(result.why);
  }
  return {
    device: running.current().placement.device,
    batchSize: sizes?.[0] ?? chosen.batchSize,
    figures: coldFigures(...figures),
    why: reasons.join(' '),
    isProvisional,
    ...answer(),
  };
}

function coldFigures(...figures: readonly (BatchFigure | undefined)[]): SizeFigure[] {
  return figures.flatMap((figure) => (figure === undefined ? [] : [{ ...figure, spreadFraction: COLD_SPREAD }]));
}

/** Why a device is left, or cannot be judged. */
interface Doubt {
  readonly why: string;
  /** What wasm said of the first examples, where it takes over. */
  readonly answered?: FirstAnswer;
}

/** Compares the session with wasm; where they differ, wasm takes over. */
async function verify({ running, first, open, tell }: TuneSessionOptions, isSlow: boolean): Promise<Doubt | undefined> {
  const { placement } = running.current();
  let reference: PlacedSession;
  try {
    reference = await open({ ...placement, device: 'wasm' });
  } catch (error) {
    const why = `${placement.device} could not be compared with wasm, where the model does not open (${messageOf(error)}).`;
    tell(why);
    return { why };
  }
  let compared: Comparison;
  try {
    compared = await compare(reference, running.current(), first, isSlow);
  } catch (error) {
    await reference[Symbol.asyncDispose]();
    throw error;
  }
  const { difference, expected } = compared;
  if (difference === undefined) {
    await reference[Symbol.asyncDispose]();
    return undefined;
  }
  const why = `${placement.device} is not trusted: ${difference}; the teacher runs on wasm, which may be slower.`;
  tell(why);
  await running.replace(reference);
  return { why, answered: expected };
}
