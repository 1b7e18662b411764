// Chooses device and batch size by trying them on a batch of the teacher's own.
import { LimbeckError, messageOf } from '../../core/errors.ts';
import type { NamedArrays } from '../../core/shape.ts';
import { differenceOf, type Tolerance } from './compare.ts';
import type { DevicePlan } from './devices.ts';
import { answerOf, type FirstAnswer, isProcessor, slowFigure } from './firstAnswer.ts';
import type { PlacedSession, RunningSession } from './recover.ts';
import { firstExamples } from './sessionBatches.ts';
import type { Placement, SessionDevice } from './sessionSettings.ts';
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
/** Another device must be better by this much: a GPU is less exact and can be lost, the kernels hold more memory. */
const LEAST_GAIN = 0.1;

/** How a device is tried. */
interface Trial {
  /** Who waits longer for it to open is better served without it. */
  readonly openMs: number;
  /** Where a model is this fast, there is nothing to gain. */
  readonly fastEnoughMs: number;
  /** Default: that of GPUs. */
  readonly tolerance?: Tolerance;
}

/** A GPU has to fetch another 27 MB and to compile, and its round trip alone costs a millisecond. */
const GPU: Trial = { openMs: 20_000, fastEnoughMs: 1 };
/** The kernels make no round trip, and compute with all digits, as onnxruntime does, in another order. */
const KERNELS: Trial = { openMs: 10_000, fastEnoughMs: 0.1, tolerance: { share: 1e-4, leastRange: 1e-2 } };

const TRIALS: Readonly<Record<SessionDevice, Trial>> = { wasm: KERNELS, kernels: KERNELS, webgpu: GPU, webnn: GPU };

const COMPARED_EXAMPLES = 4;

export interface Tuned extends TunedPlace {
  readonly isProvisional: boolean;
  /** What wasm said to the first question, where it took over from a device that proved wrong. */
  readonly answer?: NamedArrays;
}

/**
 * Measures the model where it runs and where it might, and moves it to the better place. A device other than wasm is
 * taken only if it gives what wasm gives. The answer is provisional where a device did not come to be measured, which
 * may go better another time. A model so slow that there is no time to measure it makes one pass on each processor engine:
 * the first answer, and that of the other, tell both what they say and how long they take.
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
  const slow = slowFigure(answered, shareMs);
  let chosen = slow ?? chooseBatch(await running.current().measure(first.inputs, shareMs, sizes));
  let leftMs = BUDGET_MS - shareMs;
  for (const [i, challenger] of challengers.entries()) {
    // A device that is not tried leaves its time to the others.
    const tried = challengers.slice(i).filter((device) => isWorthTrying(device, chosen));
    const budgetMs = leftMs / Math.max(1, tried.length);
    const result = await challenge(options, challenger, { best: chosen, budgetMs, isSlow: slow !== undefined });
    chosen = result.figure;
    leftMs -= result.usedMs ?? 0;
    isProvisional ||= result.isProvisional ?? false;
    reasons.push(result.why);
  }
  const { placement, opened } = running.current();
  const where = isProcessor(placement.device) ? `${placement.device}, ${opened.threads} thread(s)` : placement.device;
  const figures = `On ${where}: ${formatFigure(chosen)}.`;
  const why = [...reasons, figures].join(' ');
  return {
    device: placement.device,
    batchSize: sizes?.[0] ?? chosen.batchSize,
    why,
    isProvisional,
    ...(answered !== first && answered.inputs === first.inputs && { answer: answered.outputs }),
  };
}

function formatFigure({ batchSize, msPerExample }: BatchFigure): string {
  const digits = msPerExample >= 100 ? 0 : msPerExample >= 10 ? 1 : 2;
  return `${msPerExample.toFixed(digits)} ms an example at ${batchSize} at a time`;
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

/** What two sessions say of a few examples, and how long it took them. */
interface Comparison {
  readonly expected: FirstAnswer;
  /** What the other took. */
  readonly ms: number;
  /** How it differs, as a clause; undefined where it does not. */
  readonly difference: string | undefined;
}

async function compare(
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

function isWorthTrying(device: SessionDevice, { msPerExample }: BatchFigure): boolean {
  return msPerExample >= TRIALS[device].fastEnoughMs;
}

interface Challenge {
  readonly figure: BatchFigure;
  readonly why: string;
  readonly isProvisional?: boolean;
  /** Time that went into measuring. */
  readonly usedMs?: number;
}

interface Champion {
  readonly best: BatchFigure;
  readonly budgetMs: number;
  /** Whether there is no time to measure. */
  readonly isSlow: boolean;
}

async function challenge(
  { running, first, sizes, open }: TuneSessionOptions,
  device: SessionDevice,
  { best, budgetMs, isSlow }: Champion,
): Promise<Challenge> {
  const before = running.current();
  const champion = before.placement.device;
  if (!isWorthTrying(device, best)) return { figure: best, why: `${device} was not tried, as ${champion} is fast.` };
  let session: PlacedSession;
  try {
    session = await within(open({ ...before.placement, device }), TRIALS[device].openMs);
  } catch (error) {
    // An operator that is not there today will not be there tomorrow.
    const isProvisional = !(error instanceof LimbeckError && error.code === 'unsupported-operator');
    return { figure: best, why: `${device} did not start (${messageOf(error)}).`, isProvisional };
  }
  let figure: BatchFigure;
  try {
    const { expected, ms, difference } = await compare(before, session, first, isSlow);
    if (difference !== undefined) {
      await session[Symbol.asyncDispose]();
      return { figure: best, why: `${device} is not trusted: ${difference}.` };
    }
    const known = isSlow ? slowFigure({ session, inputs: expected.inputs, ms }, 0) : undefined;
    figure = known ?? chooseBatch(await session.measure(first.inputs, budgetMs, sizes));
  } catch (error) {
    await session[Symbol.asyncDispose]();
    const why = `${device} failed while it was measured (${messageOf(error)}).`;
    return { figure: best, why, isProvisional: true };
  }
  const isBetter = figure.msPerExample < best.msPerExample * (1 - LEAST_GAIN);
  if (isBetter) await running.replace(session);
  else await session[Symbol.asyncDispose]();
  const [chosen, other, loser] = isBetter ? [figure, best, champion] : [best, figure, device];
  return { figure: chosen, why: `${loser} takes longer: ${formatFigure(other)}.`, usedMs: budgetMs };
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
