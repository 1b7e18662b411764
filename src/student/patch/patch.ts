/**
 * A small, reversible change to a student's weights, as plain values: it crosses threads and can be saved. It fits one
 * base only, and the base stays as it is: `applyPatch` gives another student.
 */
export interface Patch {
  readonly name: string;
  /** Counted by whoever makes several of the same name, from 1. */
  readonly version: number;
  /** SHA-256 of the base's topology and weights, as `baseHash` gives it. */
  readonly base: string;
  /** What made it, such as 'lora'. */
  readonly method: string;
  /** What the classes of 'logits' are called, in their order, where that is known. */
  readonly labels?: readonly string[];
  /** Where the patched student has more classes than the base: how many. New rows of the base count as zeros. */
  readonly classes?: number;
  /** At most one for a weight; one without changes is the base itself. */
  readonly changes: readonly WeightChange[];
  /** Examples to be compared with, in the place of the last layer. */
  readonly memory?: NeighbourMemory;
}

/** What is added to one weight, named as in the base's `weightSpecs`. */
export type WeightChange = AddedChange | LowRankChange;

/** All of its values. */
export interface AddedChange {
  readonly kind: 'added';
  readonly weight: string;
  /** Of the patched weight: with new classes it is wider than the base's. */
  readonly shape: readonly number[];
  readonly delta: Float32Array;
}

/**
 * A product of two small matrices (LoRA): left [R, rank] times right [rank, C], where C is the last length of `shape` and R
 * the product of the others. Scales are part of `right`.
 * Source    Hu et al. 2022, §4.1, arXiv:2106.09685
 */
export interface LowRankChange {
  readonly kind: 'low-rank';
  readonly weight: string;
  readonly shape: readonly number[];
  readonly rank: number;
  readonly left: Float32Array;
  readonly right: Float32Array;
}

/** The nearest of some examples decide, by their distance in the features before the last layer. */
export interface NeighbourMemory {
  /** [N, F], one after the other. */
  readonly features: Float32Array;
  /** Class of each [N]. */
  readonly labels: Int32Array;
  /** How many vote. */
  readonly k: number;
  /** Votes weigh exp(−distance² ÷ temperature). */
  readonly temperature: number;
}

/** Whether a patch leaves its base as it is: no memory, no classes, and nothing but zeros to add. */
export function isEmptyPatch({ changes, classes, memory }: Patch): boolean {
  return classes === undefined && memory === undefined && changes.every(addsNothing);
}

function addsNothing(change: WeightChange): boolean {
  const isZero = (values: Float32Array) => values.every((value) => value === 0);
  return change.kind === 'added' ? isZero(change.delta) : isZero(change.left) || isZero(change.right);
}
