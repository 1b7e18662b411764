// Chooses the device by trying those that there are on a batch of the teacher's own.
import { LimbeckError, messageOf } from '../../core/errors.ts';
import { countOf, duration } from '../../core/figures.ts';
import type { NamedArrays } from '../../core/shape.ts';
import { COLD_SPREAD, type SizeFigure } from './batchSizes.ts';
import { differenceOf, type Tolerance } from './compare.ts';
import type { DevicePlan } from './devices.ts';
import type { PlacedSession, RunningSession } from './recover.ts';
import { firstExamples } from './sessionBatches.ts';
import type { Placement, SessionDevice } from './sessionSettings.ts';
import { type BatchFigure, chooseBatch } from './tune.ts';
import type { TunedPlace } from './tuneMemory.ts';

export interface TuneSessionOptions {
  readonly running: RunningSession;
  readonly plan: DevicePlan;
  /** A batch as the teacher was asked about; its examples are measured over and over. */
  readonly inputs: NamedArrays;
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
/** So many passes are made over a batch of the champion after its challenger, where there is time for them. */
const PASSES_AGAIN = 4;

/**
 * Measures the model where it runs and where it might, and moves it to the better place; where there is one place only,
 * nothing is measured. A device other than wasm is taken only if it gives what wasm gives. The answer is provisional where
 * a device did not come to be measured, or the machine was too busy to say which is better: that may go better another time.
 * Throws    what a run throws
 */
export async function tuneSession(options: TuneSessionOptions): Promise<TunedPlace & { isProvisional: boolean }> {
  const { running, plan, inputs, sizes } = options;
  const reasons: string[] = [...plan.reasons];
  if (running.current().placement.device !== 'wasm') {
    const doubt = await verify(options);
    if (doubt !== undefined) reasons.push(doubt);
  }
  let isProvisional = false;
  const challengers = running.current().placement.device === 'wasm' ? plan.challengers : [];
  const why = () => reasons.join(' ');
  if (challengers.length === 0) {
    return { device: running.current().placement.device, figures: [], why: why(), isProvisional };
  }
  const shareMs = BUDGET_MS / (1 + challengers.length);
  let figures = await running.current().measure(inputs, shareMs, sizes);
  let chosen = chooseBatch(figures);
  let leftMs = BUDGET_MS - shareMs;
  for (const [i, challenger] of challengers.entries()) {
    // A device that is not tried leaves its time to the others.
    const tried = challengers.slice(i).filter((device) => isWorthTrying(device, chosen));
    const result = await challenge(options, challenger, chosen, leftMs / Math.max(1, tried.length));
    figures = result.figures ?? figures;
    chosen = chooseBatch(figures);
    leftMs -= result.usedMs ?? 0;
    isProvisional ||= result.isProvisional ?? false;
    reasons.push(result.why);
  }
  return {
    device: running.current().placement.device,
    batchSize: chosen.batchSize,
    figures: figures.map((figure) => ({ ...figure, spreadFraction: COLD_SPREAD })),
    why: why(),
    isProvisional,
  };
}

/** What a size costs where a session runs, as a sentence. */
export function figureSentence(
  { placement, opened }: PlacedSession,
  figure: BatchFigure & Partial<SizeFigure>,
): string {
  const isProcessor = placement.device === 'wasm' || placement.device === 'kernels';
  const where = isProcessor ? `${placement.device}, ${countOf(opened.threads, 'thread')}` : placement.device;
  return `On ${where}: ${formatFigure(figure)}.`;
}

function formatFigure({ batchSize, msPerExample }: BatchFigure): string {
  return `${duration(msPerExample)} an example at ${batchSize} at a time`;
}

/** Compares the session with wasm; where they differ, wasm takes over, and the sentence says why. */
async function verify({ running, inputs, open, tell }: TuneSessionOptions): Promise<string | undefined> {
  const { run, placement } = running.current();
  let reference: PlacedSession;
  try {
    reference = await open({ ...placement, device: 'wasm' });
  } catch (error) {
    const doubt = `${placement.device} could not be compared with wasm, where the model does not open (${messageOf(error)}).`;
    tell(doubt);
    return doubt;
  }
  let difference: string | undefined;
  try {
    difference = await compare(reference, { run, placement }, inputs);
  } catch (error) {
    await reference[Symbol.asyncDispose]();
    throw error;
  }
  if (difference === undefined) {
    await reference[Symbol.asyncDispose]();
    return undefined;
  }
  const doubt = `${placement.device} is not trusted: ${difference}; the teacher runs on wasm, which may be slower.`;
  tell(doubt);
  await running.replace(reference);
  return doubt;
}

async function compare(
  reference: PlacedSession,
  given: Pick<PlacedSession, 'run' | 'placement'>,
  inputs: NamedArrays,
): Promise<string | undefined> {
  const sample = firstExamples(inputs, COMPARED_EXAMPLES, reference.opened);
  const expected = await reference.run(sample);
  try {
    const { tolerance } = TRIALS[given.placement.device];
    return differenceOf(expected, await given.run(sample), tolerance, reference.placement.device);
  } catch (error) {
    return `it failed on a batch (${messageOf(error)})`;
  }
}

function isWorthTrying(device: SessionDevice, { msPerExample }: BatchFigure): boolean {
  return msPerExample >= TRIALS[device].fastEnoughMs;
}

interface Challenge {
  /** Where the challenger is better: what it takes. */
  readonly figures?: readonly BatchFigure[];
  readonly why: string;
  readonly isProvisional?: boolean;
  /** Time that went into measuring. */
  readonly usedMs?: number;
}

async function challenge(
  { running, inputs, sizes, open }: TuneSessionOptions,
  device: SessionDevice,
  best: BatchFigure,
  budgetMs: number,
): Promise<Challenge> {
  const before = running.current();
  const champion = before.placement.device;
  if (!isWorthTrying(device, best)) return { why: `${device} was not tried, as ${champion} is fast.` };
  let session: PlacedSession;
  try {
    session = await within(open({ ...before.placement, device }), TRIALS[device].openMs);
  } catch (error) {
    // An operator that is not there today will not be there tomorrow.
    const isProvisional = !(error instanceof LimbeckError && error.code === 'unsupported-operator');
    return { why: `${device} did not start (${messageOf(error)}).`, isProvisional };
  }
  let figures: readonly BatchFigure[];
  let again: BatchFigure;
  try {
    const difference = await compare(before, session, inputs);
    if (difference !== undefined) {
      await session[Symbol.asyncDispose]();
      return { why: `${device} is not trusted: ${difference}.` };
    }
    figures = await session.measure(inputs, budgetMs, sizes);
    again = await measureAgain(before, inputs, best, budgetMs);
  } catch (error) {
    await session[Symbol.asyncDispose]();
    const why = `${device} failed while it was measured (${messageOf(error)}).`;
    return { why, isProvisional: true };
  }
  const figure = chooseBatch(figures);
  const isBetterThan = ({ msPerExample }: BatchFigure) => figure.msPerExample < msPerExample * (1 - LEAST_GAIN);
  // What was measured side by side decides: before, the machine may have been busier, or quieter.
  const isBetter = isBetterThan(again);
  if (isBetter) await running.replace(session);
  else await session[Symbol.asyncDispose]();
  const [loser, other] = isBetter ? [champion, again] : [device, figure];
  const result = {
    why: `${loser} takes longer: ${formatFigure(other)}.`,
    usedMs: budgetMs,
    isProvisional: isBetterThan(best) !== isBetter,
  };
  return isBetter ? { ...result, figures } : result;
}

/** What the champion takes now, beside its challenger. */
async function measureAgain(
  champion: PlacedSession,
  inputs: NamedArrays,
  best: BatchFigure,
  budgetMs: number,
): Promise<BatchFigure> {
  const passMs = best.msPerExample * best.batchSize;
  if (PASSES_AGAIN * passMs > budgetMs) return best;
  const [again = best] = await champion.measure(inputs, PASSES_AGAIN * passMs, [best.batchSize]);
  return again;
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
