import { percent } from '../../core/figures.ts';
import { mean } from '../../core/stats.ts';
import { trendOf } from './trend.ts';
import { warmUpEnd } from './warmUpEnd.ts';

/** What the rounds of a subject, beside those of the others, say about it. */
export interface Noticed {
  /** Its rounds before this one belong to its warm-up. */
  readonly settledAt: number;
  readonly notices: readonly string[];
}

/** A smaller drift is not worth a sentence. */
const LEAST_DRIFT = 0.05;
const LEAST_ROUNDS = 16;

/**
 * Looks for what changed over the rounds: for all subjects, which is the machine, or for one. `rows` has the logarithm of each subject's time
 * in each round; NaN where it had no turn.
 */
export function noticedIn(rows: readonly (readonly number[])[]): Noticed[] {
  const trends = rows.map((row) => trendOf(row.filter(Number.isFinite)));
  const drifts = trends.map(({ change, isSure }) => (isSure && Math.abs(change) >= LEAST_DRIFT ? change : 0));
  const ofMachine = [1, -1].some(
    (sign) => rows.length > 1 && 2 * drifts.filter((drift) => drift * sign > 0).length > rows.length,
  );
  return rows.map((row, i) => {
    const drift = drifts[i] as number;
    const others = rows.filter((_, other) => other !== i);
    // What happened to all cancels out; what happened to others alone does not show in its own times.
    const relative = row.map(
      (log, round) => log - (mean(others.map((other) => other[round] as number).filter(Number.isFinite)) || 0),
    );
    const at = row.flatMap((log, round) => (Number.isFinite(log) ? [round] : []));
    const endIn = (logs: readonly number[]) => warmUpEnd(at.map((round) => Math.exp(logs[round] as number)));
    const end = at.length < LEAST_ROUNDS || endIn(row) === 0 ? 0 : endIn(relative);
    if (2 * end > at.length) {
      return {
        settledAt: 0,
        notices: ['It was still getting faster after half of its rounds: it may never have settled.'],
      };
    }
    const notices: string[] = [];
    const became = `${percent(Math.abs(drift))} ${drift > 0 ? 'slower' : 'faster'} while it was measured`;
    if (ofMachine && drift !== 0) {
      notices.push(`The machine became ${became}, and the others did so too: heat, power saving, or other work.`);
    } else if (drift !== 0 && end === 0) {
      notices.push(`It became ${became}${rows.length > 1 ? ', and most others did not' : ''}.`);
    }
    return { settledAt: end === 0 ? 0 : (at[end] as number), notices };
  });
}
