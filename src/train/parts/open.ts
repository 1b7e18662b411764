import type { StepOptimizer } from '../stepOptimizer.ts';
import { openAccumulate } from './accumulate/openAccumulate.ts';
import { openAdaptation } from './adaptation/openAdaptation.ts';
import { openAugment } from './augment/openAugment.ts';
import { openAverage } from './average/openAverage.ts';
import { openBalance } from './balance/openBalance.ts';
import { openBatchNorm } from './batchNorm/openBatchNorm.ts';
import { openCheckpoints } from './checkpoints/openCheckpoints.ts';
import { openColocated } from './colocated/openColocated.ts';
import { openHoldout } from './holdout/openHoldout.ts';
import { openKeepBest } from './keepBest/openKeepBest.ts';
import type { OpenPart, Part, PartContext } from './part.ts';
import { openQuantizationAware } from './quantizationAware/openQuantizationAware.ts';
import { openRecompute } from './recompute/openRecompute.ts';
import { openScaleNotices } from './scaleNotices/openScaleNotices.ts';
import { openSchedule } from './schedule/openSchedule.ts';
import { openSelfTeacher } from './selfTeacher/openSelfTeacher.ts';

/**
 * The order in which parts are opened and called. The holdout is measured after all others have finished an epoch; what is judged
 * and kept comes after that.
 */
const PARTS: readonly OpenPart[] = [
  openScaleNotices,
  openColocated,
  openAugment,
  openSelfTeacher,
  openBalance,
  openAdaptation,
  openQuantizationAware,
  openSchedule,
  openAccumulate,
  openRecompute,
  openAverage,
  openBatchNorm,
  openHoldout,
  openKeepBest,
  openCheckpoints,
];

/** The parts of a run; they end in reverse order. */
export interface OpenParts extends AsyncDisposable {
  readonly all: readonly Part[];
}

/** Throws what the parts throw for the job; then none stays open. */
export async function openParts(context: PartContext): Promise<OpenParts> {
  const all: Part[] = [];
  const end = async () => {
    for (const part of all.splice(0).reverse()) await part.end?.();
  };
  try {
    for (const open of PARTS) {
      const part = await open(context);
      if (part !== undefined) all.push(part);
    }
  } catch (error) {
    await end();
    throw error;
  }
  return { all: [...all], [Symbol.asyncDispose]: end };
}

/** What parts require of the steps; gradients pass through the parts that take them, in order. */
export function stepsWith(parts: readonly Part[], own: StepOptimizer) {
  const optimizer = parts.reduceRight<Pick<StepOptimizer, 'applyGradients'>>(
    (next, part) =>
      part.onGradients === undefined
        ? next
        : {
            applyGradients: (gradients) =>
              part.onGradients?.(gradients as never, (changed) => next.applyGradients(changed)),
          },
    own,
  );
  return {
    optimizer,
    recompute: parts.some(({ recompute }) => recompute),
    mode: parts.find(({ mode }) => mode !== undefined)?.mode ?? 'training',
    movesStatistics: parts.every(({ movesStatistics = true }) => movesStatistics),
  } as const;
}
