import { LimbeckError, messageOf } from '../../core/errors.ts';
import type { NamedArrays } from '../../core/shape.ts';
import { differenceOf, type Tolerance } from './compare.ts';
import { answerOf, type FirstAnswer, slowFigure } from './firstAnswer.ts';
import type { PlacedSession, RunningSession } from './recover.ts';
import { firstExamples } from './sessionBatches.ts';
import type { Placement, SessionDevice } from './sessionSettings.ts';
import { type BatchFigure, chooseBatch, figureText } from './tune.ts';

/** Another device must be better by this much: a GPU is less exact and can be lost, the kernels hold more memory. */
const LEAST_GAIN = 0.1;

/** When a device is worth trying. */
interface TrialTerms {
  /** It may not take longer to open. */
  readonly openMs: number;
  /** A model that is this fast gains nothing. */
  readonly fastEnoughMs: number;
  /** Default: the tolerance of GPUs. */
  readonly tolerance?: Tolerance;
}

/** A GPU needs another 27 MB and has to compile, and its round trip alone costs a millisecond. */
const GPU: TrialTerms = { openMs: 20_000, fastEnoughMs: 1 };
/** The kernels make no round trip. They compute in full precision, as onnxruntime does, in another order. */
const KERNELS: TrialTerms = { openMs: 10_000, fastEnoughMs: 0.1, tolerance: { share: 1e-4, leastRange: 1e-2 } };

const TRIALS: Readonly<Record<SessionDevice, TrialTerms>> = {
  wasm: KERNELS,
  kernels: KERNELS,
  webgpu: GPU,
  webnn: GPU,
  native: KERNELS,
};

const COMPARED_EXAMPLES = 4;
/** Share of a challenger's time for measuring the champion again, at its smallest size. */
const AGAIN_SHARE = 0.2;
/** Passes that this takes; it is left out if there is no time for them. */
const AGAIN_PASSES = 4;

/** The answers of two sessions for a few examples, and their times. */
export interface Comparison {
  readonly expected: FirstAnswer;
  /** The time of the other session. */
  readonly ms: number;
  /** How its answer differs, as a clause; undefined if it does not. */
  readonly difference: string | undefined;
}

export async function compare(
  reference: PlacedSession,
  given: PlacedSession,
  first: FirstAnswer,
  isSlow: boolean,
): Promise<Comparison> {
  const inputs = firstExamples(first.inputs, COMPARED_EXAMPLES, reference.opened);
  const startedAt = performance.now();
  const outputs = await answerOf(reference, inputs, { first, isSlow });
  const answeredAt = performance.now();
  let difference: string | undefined;
  try {
    const { tolerance } = TRIALS[given.placement.device];
    const answer = await answerOf(given, inputs, { first, isSlow });
    difference = differenceOf(outputs, answer, tolerance, reference.placement.device);
  } catch (error) {
    difference = `it failed on a batch (${messageOf(error)})`;
  }
  const expected = { session: reference, inputs, outputs, ms: answeredAt - startedAt };
  return { expected, ms: performance.now() - answeredAt, difference };
}

export function isWorthTrying(device: SessionDevice, { msPerExample }: BatchFigure): boolean {
  return msPerExample >= TRIALS[device].fastEnoughMs;
}

interface Challenge {
  /** The challenger's figures, if it is better. */
  readonly figures?: readonly BatchFigure[];
  readonly why: string;
  readonly isProvisional?: boolean;
  /** Time that went into measuring. */
  readonly usedMs?: number;
}

export interface ChallengeOptions {
  readonly running: RunningSession;
  readonly first: FirstAnswer;
  readonly sizes?: readonly number[];
  readonly open: (placement: Placement) => Promise<PlacedSession>;
}

interface Champion {
  /** Its figures, the smallest batch first. */
  readonly figures: readonly BatchFigure[];
  readonly budgetMs: number;
  /** Whether there is no time to measure. */
  readonly isSlow: boolean;
}

/**
 * Tries another device: opens the model there, compares its answers with those of the champion, and measures both side by
 * side. The better one runs from then on.
 */
export async function challenge(
  { running, first, sizes, open }: ChallengeOptions,
  device: SessionDevice,
  { figures: ofChampion, budgetMs, isSlow }: Champion,
): Promise<Challenge> {
  const before = running.current();
  const champion = before.placement.device;
  const best = chooseBatch(ofChampion);
  if (!isWorthTrying(device, best)) return { why: `${device} was not tried, as ${champion} is fast.` };
  let session: PlacedSession;
  try {
    session = await within(open({ ...before.placement, device }), TRIALS[device].openMs);
  } catch (error) {
    // A missing operator stays missing.
    const isProvisional = !(error instanceof LimbeckError && error.code === 'unsupported-operator');
    return { why: `${device} did not start (${messageOf(error)}).`, isProvisional };
  }
  let figures: readonly BatchFigure[];
  let drift: number;
  try {
    const { expected, ms, difference } = await compare(before, session, first, isSlow);
    if (difference !== undefined) {
      await session[Symbol.asyncDispose]();
      return { why: `${device} is not trusted: ${difference}.` };
    }
    const known = isSlow ? slowFigure({ session, inputs: expected.inputs, ms }, 0) : undefined;
    const againMs = isSlow ? 0 : timeAgain(ofChampion, budgetMs);
    figures = known ? [known] : await session.measure(first.inputs, budgetMs - againMs, sizes);
    drift = againMs === 0 ? 1 : await driftOf(before, first.inputs, ofChampion, againMs);
  } catch (error) {
    await session[Symbol.asyncDispose]();
    const why = `${device} failed while it was measured (${messageOf(error)}).`;
    return { why, isProvisional: true };
  }
  const figure = chooseBatch(figures);
  const isBetterThan = ({ msPerExample }: BatchFigure) => figure.msPerExample < msPerExample * (1 - LEAST_GAIN);
  // The side-by-side figures decide: the machine may have been busier or quieter before.
  const again = { ...best, msPerExample: best.msPerExample * drift };
  const isBetter = isBetterThan(again);
  if (isBetter) await running.replace(session);
  else await session[Symbol.asyncDispose]();
  const [loser, other] = isBetter ? [champion, again] : [device, figure];
  const result = {
    why: `${loser} takes longer: ${figureText(other)}.`,
    usedMs: budgetMs,
    isProvisional: isBetterThan(best) !== isBetter,
  };
  return isBetter ? { ...result, figures } : result;
}

function timeAgain([smallest]: readonly BatchFigure[], budgetMs: number): number {
  const passMs = smallest ? smallest.msPerExample * smallest.batchSize : Number.POSITIVE_INFINITY;
  return AGAIN_PASSES * passMs <= AGAIN_SHARE * budgetMs ? AGAIN_SHARE * budgetMs : 0;
}

/** The champion's time now, as a multiple of its time before. */
async function driftOf(
  champion: PlacedSession,
  inputs: NamedArrays,
  [smallest]: readonly BatchFigure[],
  budgetMs: number,
): Promise<number> {
  if (smallest === undefined) return 1;
  const [again = smallest] = await champion.measure(inputs, budgetMs, [smallest.batchSize]);
  return again.msPerExample / smallest.msPerExample;
}

/** A session that opens too late is closed again. */
async function within(opening: Promise<PlacedSession>, ms: number): Promise<PlacedSession> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it was not ready after ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([opening, late]);
  } catch (error) {
    opening.then((session) => session[Symbol.asyncDispose]()).catch(() => undefined);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
