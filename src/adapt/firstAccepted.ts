import { mergePatches } from '../student/mergePatches.ts';
import { isEmptyPatch, type Patch } from '../student/patch.ts';
import { type BeforeAfter, decide, type GuardOptions, type Verdict } from './guard.ts';
import type { Measure } from './measured.ts';

/** A patch as far as it may go, and what was measured of it. */
export interface Tried {
  readonly patch: Patch;
  /** What the changes were multiplied by. */
  readonly strength: number;
  readonly verdict: Verdict;
  readonly own: BeforeAfter | undefined;
  readonly ofBase: BeforeAfter | undefined;
}

/** All of a change, then less of it: between base and adapted weights lies often what neither loses by. */
const STRENGTHS = [1, 0.5, 0.25];

/**
 * The patch at the greatest strength at which the guard takes it, or the whole one with the verdict against it. Three tries on
 * the same few examples flatter a little.
 * Source    Wortsman et al. 2022, arXiv:2109.01903 (weights between those of before and after)
 */
export async function firstAccepted(
  whole: Patch,
  { guard, rounds }: { readonly guard: GuardOptions; readonly rounds: (patch: Patch) => Patch },
  measures: { readonly own: Measure; readonly base: Measure },
): Promise<Tried> {
  let first: Tried | undefined;
  for (const strength of whole.memory || isEmptyPatch(whole) ? [1] : STRENGTHS) {
    const patch = rounds(strength === 1 ? whole : scaled(whole, strength));
    const own = await measures.own(patch, strength);
    const ofBase = await measures.base(patch, strength);
    const tried = { patch, strength, own, ofBase, verdict: decide(guard, own, ofBase) };
    // Less of a change that does not help is still no help.
    if (tried.verdict.isAccepted && (strength === 1 || isBetter(own, guard))) return tried;
    first ??= tried;
  }
  return first as Tried;
}

function isBetter(own: BeforeAfter | undefined, { metric = 'accuracy' }: GuardOptions): boolean {
  if (own === undefined) return false;
  return metric === 'accuracy' ? own.after > own.before : own.after < own.before;
}

function scaled(patch: Patch, strength: number): Patch {
  const { changes } = mergePatches([{ patch, weight: strength }]);
  return { ...patch, changes };
}
