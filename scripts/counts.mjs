// How `npm test` counts: every test and every spec once, and a stage, such as the types, only where it failed.

/**
 * @typedef {{ passed: number, failed: number, skipped: number }} Counts
 * @typedef {'passed' | 'failed' | 'skipped'} Verdict
 */

/** @returns {Counts} */
export const noCounts = () => ({ passed: 0, failed: 0, skipped: 0 });

/** The line that closes a run. @param {Counts} counts */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/** @param {Counts} total @param {Counts} more @returns {Counts} */
export function plus(total, more) {
  return {
    passed: total.passed + more.passed,
    failed: total.failed + more.failed,
    skipped: total.skipped + more.skipped,
  };
}

/** What a stage adds: it is no test, but one that fails is told at the end. @param {boolean} isPassed @returns {Counts} */
export function ofStage(isPassed) {
  return { ...noCounts(), failed: isPassed ? 0 : 1 };
}

/**
 * What a test runner adds. One that failed without a failed test (a file that does not load, a leak), or that told nothing,
 * counts as one failure.
 * @param {Counts | undefined} counts @param {number | null} status how the process ended @returns {Counts}
 */
export function ofRunner(counts, status) {
  if (counts === undefined) return ofStage(false);
  return status !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

const WORST = /** @type {const} */ (['failed', 'skipped', 'passed']);

/**
 * Several runs of the same specs, each spec counted once: by the worst that became of it.
 * @param {Iterable<readonly { readonly name: string, readonly verdict: Verdict }[]>} runs @returns {Counts}
 */
export function countOnce(runs) {
  /** @type {Map<string, Verdict>} */
  const verdicts = new Map();
  for (const run of runs) {
    for (const { name, verdict } of run) {
      const before = verdicts.get(name) ?? 'passed';
      verdicts.set(name, WORST.indexOf(verdict) < WORST.indexOf(before) ? verdict : before);
    }
  }
  const counts = noCounts();
  for (const verdict of verdicts.values()) counts[verdict]++;
  return counts;
}
