/**
 * A small, reversible change to a student's weights, as plain values: it crosses threads and can be saved. It fits one
 * base only, and the base stays as it is: `applyPatch` gives another student.
 */
export interface Patch {
  readonly name: string;
  /** From 1, for several patches of the same name. */
  readonly version: number;
  /** SHA-256 of the base's topology and weights, as `baseHash` gives it. */
  readonly base: string;
  /** What made it, such as 'lora'. */
  readonly method: string;
  /** Names of the classes of 'logits', in order, if known. */
  readonly labels?: readonly string[];
  /** The number of classes, if the patched student has more than the base. The base's new rows count as zeros. */
  readonly classes?: number;
  /** At most one for each weight; without changes the patched student equals the base. */
  readonly changes: readonly WeightChange[];
  /** Remembered examples that replace the last layer. */
  readonly memory?: NeighbourMemory;
}

/** What is added to one weight, named as in the base's `weightSpecs`. */
export type WeightChange = AddedChange | LowRankChange;

/** All of its values. */
export interface AddedChange {
  readonly kind: 'added';
  readonly weight: string;
  /** Shape of the patched weight: with new classes it is wider than the base's. */
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

/** The nearest of these examples decide, by distance in the features before the last layer. */
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

/** Whether a patch leaves its base unchanged: no memory, no classes, and only zeros to add. */
export function isEmptyPatch({ changes, classes, memory }: Patch): boolean {
  return classes === undefined && memory === undefined && changes.every(addsNothing);
}

function addsNothing(change: WeightChange): boolean {
  const isZero = (values: Float32Array) => values.every((value) => value === 0);
  return change.kind === 'added' ? isZero(change.delta) : isZero(change.left) || isZero(change.right);
}
