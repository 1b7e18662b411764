import type { SecretKey } from '../../core/secretKey.ts';
import { drawnStrength } from '../privacy/drawnStrength.ts';
import { decide, lossOf, metricOf, type Verdict } from './guard.ts';
import type { GuardOptions } from './guardOptions.ts';
import type { BeforeAfter, Compared, Judged } from './judged.ts';

/** A patch at its accepted strength, and what was measured of it. */
export interface Tried<T> {
  readonly patch: T;
  /** What the changes were multiplied by; 0 where a private choice fell on none of them. */
  readonly strength: number;
  readonly verdict: Verdict;
  readonly own: Judged | undefined;
  readonly ofBase: Compared | undefined;
}

/** All of a change, then less of it: often weights between base and adapted ones are worse for neither. */
const STRENGTHS = [1, 0.5, 0.25];

/** What may be applied, at each strength, and how it is measured. */
export interface Trying<T> {
  readonly guard: GuardOptions;
  readonly at: (strength: number) => T;
  /** Whether it can be scaled. */
  readonly isScalable: boolean;
  readonly own: Measure<T, Judged>;
  readonly base: Measure<T, Compared>;
}

/** Of base and patched student; undefined where nothing can be measured. */
export type Measure<T, Found> = (patch: T, strength: number) => Promise<Found | undefined>;

/**
 * The patch at the greatest strength that the guard accepts, or the whole one with the verdict against it. Three tries on
 * the same few examples flatter the result a little.
 * Source    Wortsman et al. 2022, arXiv:2109.01903 (weights between those of before and after)
 */
export async function firstAccepted<T>(trying: Trying<T>): Promise<Tried<T>> {
  const { guard, isScalable } = trying;
  let first: Tried<T> | undefined;
  for (const strength of isScalable ? STRENGTHS : [1]) {
    const found = await tryAt(strength, trying);
    const tried = { ...found, verdict: decide(guard, found.own, found.ofBase) };
    // Less of a change that does not help does not help either.
    if (tried.verdict.isAccepted && (strength === 1 || isBetter(tried.own, guard))) return tried;
    first ??= tried;
  }
  return first as Tried<T>;
}

/** What a choice may tell of a held-out example, in nats; how many are expected, and are there; and what decides the chance. */
interface PrivateChoice {
  readonly epsilon: number;
  readonly expectedHeld: number;
  readonly held: number;
  readonly key: SecretKey;
}

/**
 * The same where held-out examples are private: which of the strengths that the base's examples allow, or none, is drawn by
 * chance, the better ones with more probability.
 * Source    see `drawnStrength`
 */
export async function drawnAccepted<T>(
  trying: Trying<T>,
  { epsilon, expectedHeld, held, key }: PrivateChoice,
): Promise<Tried<T>> {
  const { guard } = trying;
  const allowed: (Omit<Tried<T>, 'verdict'> & { readonly right: number })[] = [];
  let first: (typeof allowed)[number] | undefined;
  for (const strength of STRENGTHS) {
    const tried = await tryAt(strength, trying);
    const counted = { ...tried, right: rightOf(tried.own?.after, held) };
    first ??= { ...counted, strength: 0, right: rightOf(tried.own?.before, held) };
    if (decide(guard, undefined, tried.ofBase).isAccepted) allowed.push(counted);
  }
  const none = first as (typeof allowed)[number];
  // By the expected number: the actual one must not shift the choice.
  const tolerated = (guard.tolerance ?? 0) * expectedHeld;
  const chosen = drawnStrength([...allowed, none], { epsilon, tolerated, key });
  const isAccepted = chosen.strength > 0;
  const what = isAccepted ? `${chosen.strength} times the changes` : 'No change';
  const why = `${what} was drawn by how many held-out examples each answers rightly, within the privacy that is stated`;
  return {
    ...chosen,
    verdict: { isAccepted, why: `${why}${isAccepted ? '' : '; the patch is empty and changes nothing'}.` },
  };
}

async function tryAt<T>(strength: number, { at, own, base }: Trying<T>) {
  const patch = at(strength);
  return { patch, strength, own: await own(patch, strength), ofBase: await base(patch, strength) };
}

/** Of an accuracy, how many were right. */
function rightOf(accuracy: number | undefined, of: number): number {
  return Math.round((accuracy ?? 0) * of);
}

function isBetter(own: BeforeAfter | undefined, guard: GuardOptions): boolean {
  return own !== undefined && lossOf(own, metricOf(guard)) < 0;
}
