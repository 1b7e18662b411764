// Chooses the device by trying the available ones on a batch of the teacher's own.
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
  /** The first batch and answer of the running session; its examples are measured repeatedly. */
  readonly first: FirstAnswer;
  /** The only sizes to measure. Default: those that may pay. */
  readonly sizes?: readonly number[];
  readonly open: (placement: Placement) => Promise<PlacedSession>;
  readonly tell: (notice: string) => void;
}

/** For all devices together, without the time to open a session on a GPU. */
const BUDGET_MS = 1200;
export interface Tuned extends TunedPlace {
  readonly isProvisional: boolean;
  /** Wasm's first answer, if it took over from a device that was wrong. */
  readonly answer?: NamedArrays;
}

/**
 * Measures the model on its device and on the alternatives, and moves it to the best; with one device only, nothing is
 * measured. A device other than wasm is taken only if it gives what wasm gives. The result is provisional if a device could
 * not be measured, or the machine was too busy to say which is better: the next time may succeed. A model too slow to measure
 * makes one pass on each processor engine; these answers give both the values and the times.
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
    // The time of a device that is not tried goes to the others.
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

/** Why a device is given up, or cannot be judged. */
interface Doubt {
  readonly why: string;
  /** Wasm's answer for the first examples, if it takes over. */
  readonly answered?: FirstAnswer;
}

/** Compares the session with wasm, which takes over if they differ. */
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
