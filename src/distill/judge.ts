import { LimbeckError } from '../core/errors.ts';
import type { Metric, OWN_METRICS } from '../train/metric.ts';
import * as metrics from '../train/metrics/all.ts';
import {
  type KeepBestOptions,
  type KeepBestReported,
  readKeepBest,
  type Verdict,
} from '../train/parts/keepBest/keepBest.ts';
import type { EpochRecord } from './report.ts';

/** Which metric decides if none is named: the first that there is. */
const USUAL = [
  'accuracy',
  'agreement',
  'rootMeanSquaredError',
  'cosineSimilarity',
  'perplexity',
] as const satisfies readonly (typeof OWN_METRICS)[number][];

/** Judges the students of a run's epochs, one after the other. */
export interface Judge {
  /** Whether it is the best so far. Throws    invalid-option: the metric that decides was not measured */
  tell(record: EpochRecord): boolean;
  /** Undefined for an epoch that it was not told of. */
  verdict(epoch: number): Verdict | undefined;
  readonly best: KeepBestReported['best'];
}

/** @param own metrics of the caller's */
export function openJudge(given: boolean | KeepBestOptions, own: readonly Metric[] = []): Judge {
  const { by, patience = Number.POSITIVE_INFINITY, leastGain } = readKeepBest(given);
  const verdicts = new Map<number, Verdict>();
  let best: KeepBestReported['best'];
  return {
    tell({ epoch, holdout }) {
      const metric = by ?? USUAL.find((name) => holdout[name] !== undefined);
      const value = metric === undefined ? undefined : holdout[metric];
      if (metric === undefined || value === undefined) throw notMeasured(by, holdout);
      const known = [...Object.values(metrics), ...own].find(({ name }) => name === metric.split('/').at(-1));
      const gain = (value - (best?.value ?? 0)) * (known?.better === 'lower' ? -1 : 1);
      const isBest = Number.isFinite(value) && (best === undefined || gain > leastGain);
      if (isBest) best = { epoch, metric, value };
      verdicts.set(epoch, { isBest, isEnough: epoch - (best?.epoch ?? 0) >= patience });
      return isBest;
    },
    verdict: (epoch) => verdicts.get(epoch),
    get best() {
      return best;
    },
  };
}

function notMeasured(by: string | undefined, holdout: EpochRecord['holdout']): LimbeckError {
  const there = Object.keys(holdout).join(', ') || 'none';
  return new LimbeckError(
    'invalid-option',
    by === undefined
      ? `"keepBest" finds none of its usual metrics on the holdout; name one with "by". There are: ${there}.`
      : `"keepBest.by" was "${by}", which is not measured on this holdout; there are: ${there}.`,
    { details: { name: 'keepBest.by', given: by } },
  );
}
