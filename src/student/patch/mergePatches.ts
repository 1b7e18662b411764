import { LimbeckError } from '../../core/errors.ts';
import { checkFinite } from '../../core/options.ts';
import { count, type OptionsOf, schema, text } from '../../core/schema.ts';
import { formatShape, isSameShape } from '../../core/shape.ts';
import { addedBy, withColumns } from './addedBy.ts';
import { checkPatch } from './checkPatch.ts';
import { lowerRank } from './lowerRank.ts';
import type { LowRankChange, NeighbourMemory, Patch, WeightChange } from './patch.ts';
import { patchMismatch, shortHash } from './patchMismatch.ts';

/** How much a patch counts: 1 as it is, 0 not at all, −1 to take away what it learned. */
export interface WeightedPatch {
  readonly patch: Patch;
  readonly weight: number;
}

const OPTIONS = schema('mergePatches', {
  /** Default: the patches' names, joined by ' + '. */
  name: text(),
  /** The highest rank of a product of small matrices; one of higher rank is replaced by the nearest of this. Default: no limit. */
  rank: count()(),
});

/** What the merged patch is called, and how large it may be. */
export interface MergePatchesOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * One patch that adds the weighted sum of what several add. Products of small matrices stay products, with the sum of
 * their ranks; if a weight has a product and a full change, the sum is a full change. Sums are computed in doubles. The
 * largest number of classes holds; changes for fewer classes add nothing to the rest. New classes of two patches are
 * matched by position: give the patches labels, which are compared. Memories are joined, and vote with k and
 * temperature of the first. Features are comparable only if the same weights made them: with a memory, all patch
 * weights must be 1, and of several patches none may have changes.
 * Throws    patch-mismatch: other bases, other shapes of a weight, or memories that cannot be joined · class-mismatch:
 *           labels that disagree · patch-invalid: not a patch, or a sum too large for float32 · invalid-option
 * Source    Ilharco et al. 2023, "Editing models with task arithmetic", arXiv:2212.04089
 * @example
 * const other = await patchFromBytes(bytes);
 * const both = mergePatches([{ patch, weight: 0.5 }, { patch: other, weight: 0.5 }], { name: 'ours' });
 */
export function mergePatches(patches: readonly WeightedPatch[], options: MergePatchesOptions = {}): Patch {
  const { name, rank = Number.POSITIVE_INFINITY } = OPTIONS.read(options);
  const [first, ...others] = patches;
  if (first === undefined)
    throw new LimbeckError('invalid-option', 'mergePatches was given no patch; give one or more.');
  for (const { patch, weight } of patches) {
    checkPatch(patch);
    checkFinite(weight, 'weight');
  }
  const { base } = first.patch;
  const foreign = others.find(({ patch }) => patch.base !== base)?.patch;
  if (foreign !== undefined) {
    throw patchMismatch(
      `"${foreign.name}" was made for the base ${shortHash(foreign.base)}, "${first.patch.name}" for ${shortHash(base)}`,
      { needed: base, given: foreign.base },
    );
  }
  const given = patches.map(({ patch }) => patch);
  const counts = given.flatMap(({ classes }) => classes ?? []);
  const classes = counts.length === 0 ? undefined : Math.max(...counts);
  const labels = mergeLabels(given);
  const memory = mergeMemories(patches);
  return checkPatch({
    name: name ?? given.map(({ name }) => name).join(' + '),
    version: 1,
    base,
    method: 'merged',
    ...(labels !== undefined && (classes ?? labels.length) === labels.length && { labels }),
    ...(classes !== undefined && { classes }),
    changes: mergeChanges(patches, rank),
    ...(memory !== undefined && { memory }),
  });
}

/** The longest list; the others must be its beginning. */
function mergeLabels(patches: readonly Patch[]): readonly string[] | undefined {
  const lists = patches.flatMap(({ labels }) => (labels === undefined ? [] : [labels]));
  const longest = lists.reduce<readonly string[]>((most, list) => (list.length > most.length ? list : most), []);
  for (const list of lists) {
    const at = list.findIndex((label, i) => label !== longest[i]);
    if (at < 0) continue;
    throw new LimbeckError(
      'class-mismatch',
      `The class ${at} is called "${list[at]}" by one patch and "${longest[at]}" by another. Patches that are merged must ` +
        'know the same classes at the same places.',
      { details: { index: at, labels: [list[at], longest[at]] } },
    );
  }
  return lists.length === 0 ? undefined : longest;
}

function mergeMemories(patches: readonly WeightedPatch[]): NeighbourMemory | undefined {
  const memories = patches.flatMap(({ patch }) => patch.memory ?? []);
  const [first] = memories;
  if (first === undefined || patches.length === 1) {
    if (first !== undefined && patches[0]?.weight !== 1) throw unequalMemories();
    return first;
  }
  const lengthOf = ({ features, labels }: NeighbourMemory) => features.length / labels.length;
  const isPlain = patches.every(({ patch, weight }) => weight === 1 && patch.changes.length === 0);
  if (!isPlain) throw unequalMemories();
  const other = memories.find((memory) => lengthOf(memory) !== lengthOf(first));
  if (other !== undefined) {
    throw patchMismatch(`one memory holds ${lengthOf(first)} features of an example, another ${lengthOf(other)}`);
  }
  return {
    ...first,
    features: Float32Array.from(memories.flatMap(({ features }) => [...features])),
    labels: Int32Array.from(memories.flatMap(({ labels }) => [...labels])),
  };
}

function unequalMemories(): LimbeckError {
  return patchMismatch(
    'a patch with a memory is merged only with a weight of 1, and only with patches without changes, whose features ' +
      'are the same',
  );
}

type Weighted = { readonly change: WeightChange; readonly weight: number };

function mergeChanges(patches: readonly WeightedPatch[], mostRank: number): WeightChange[] {
  const byWeight = new Map<string, Weighted[]>();
  const canGrow = patches.some(({ patch }) => patch.classes !== undefined);
  for (const { patch, weight } of patches) {
    for (const change of weight === 0 ? [] : patch.changes) {
      const known = byWeight.get(change.weight) ?? [];
      byWeight.set(change.weight, [...known, { change, weight }]);
    }
  }
  return [...byWeight.values()].map((changes) => {
    const sum = sumOf(asWide(changes, canGrow));
    return sum.kind === 'low-rank' ? lowerRank(sum, mostRank) : sum;
  });
}

/** Widens all changes to the widest. */
function asWide(changes: readonly Weighted[], canGrow: boolean): readonly Weighted[] {
  const [{ change: first }] = changes as [Weighted];
  for (const { change } of changes) {
    const isSame = isSameShape(change.shape, first.shape);
    const isNarrow =
      canGrow && first.shape.length > 0 && isSameShape(change.shape.slice(0, -1), first.shape.slice(0, -1));
    if (isSame || isNarrow) continue;
    throw patchMismatch(
      `"${first.weight}" is ${formatShape(first.shape)} for one patch, ${formatShape(change.shape)} for another`,
      { weight: first.weight, shapes: [first.shape, change.shape] },
    );
  }
  const columns = Math.max(...changes.map(({ change }) => change.shape.at(-1) ?? 1));
  return changes.map(({ change, weight }) => ({ change: withColumns(change, columns), weight }));
}

function sumOf(changes: readonly Weighted[]): WeightChange {
  const [{ change: first }] = changes as [Weighted];
  const products = changes.flatMap(({ change, weight }) => (change.kind === 'low-rank' ? [{ change, weight }] : []));
  if (products.length === changes.length) return joinProducts(products);
  const sum = new Float64Array(addedBy(first).length);
  for (const { change, weight } of changes) {
    for (const [i, value] of addedBy(change).entries()) (sum[i] as number) += weight * value;
  }
  return { kind: 'added', weight: first.weight, shape: first.shape, delta: Float32Array.from(sum) };
}

/** Left matrices side by side, right ones one above the other: the product is the sum of the products. */
function joinProducts(products: readonly { readonly change: LowRankChange; readonly weight: number }[]): LowRankChange {
  const [{ change: first }] = products as [(typeof products)[number]];
  const rank = products.reduce((sum, { change }) => sum + change.rank, 0);
  const rows = first.left.length / first.rank;
  const left = new Float32Array(rows * rank);
  let at = 0;
  for (const { change } of products) {
    for (let row = 0; row < rows; row++) {
      left.set(change.left.subarray(row * change.rank, (row + 1) * change.rank), row * rank + at);
    }
    at += change.rank;
  }
  const right = products.flatMap(({ change, weight }) => Array.from(change.right, (value) => weight * value));
  return { kind: 'low-rank', weight: first.weight, shape: first.shape, rank, left, right: Float32Array.from(right) };
}
