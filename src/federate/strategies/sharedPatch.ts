import { LimbeckError } from '../../core/errors.ts';
import { count, type OptionsOf, oneOf, type Read, schema } from '../../core/schema.ts';
import { type NamedArrays, type Shapes, sizeOf } from '../../core/shape.ts';
import { applyPatch } from '../../student/patch/applyPatch.ts';
import { baseHash } from '../../student/patch/baseHash.ts';
import { diffPatch } from '../../student/patch/diffPatch.ts';
import { mergePatches } from '../../student/patch/mergePatches.ts';
import type { Patch, WeightChange } from '../../student/patch/patch.ts';
import type { StudentArtifacts, WeightSpec } from '../../student/student.ts';
import { classifierOf } from '../../student/topology/classifier.ts';
import type { AdaptationOptions } from '../../train/parts/adaptation/adaptation.ts';
import { trainHere } from '../localTraining.ts';
import type { Device, Member, Strategy } from '../strategy.ts';

const OPTIONS = schema('sharedPatch', {
  /** 'low-rank': a product of two small matrices for each matrix (LoRA). 'head': the last layer. Default 'low-rank'. */
  learns: oneOf('low-rank', 'head')('low-rank'),
  /** Rank of what a client learns in a round. Default 4. */
  rank: count()(4),
  /** Rank of what all have learned so far; the nearest product of this rank is kept. Default 16. */
  sharedRank: count()(16),
});

/** What of a student learns, and how small its changes are. */
export interface SharedPatchOptions extends OptionsOf<typeof OPTIONS> {}

/**
 * A federated patch: the student's weights stay as they are, on all devices the same, and only a small change travels: products
 * of two small matrices (LoRA), or the last layer. Clients' products are added as products, so their mean is exact, and is then
 * cut to the shared rank. What comes out is the student with the patch.
 * Shapes    '<weight>.left' [R, rank] and '<weight>.right' [rank, C] of each matrix, or '<weight>.delta'
 * Units     none
 * Throws    invalid-option · student-invalid: no last layer that is dense · student-not-trainable: no matrix is larger than its
 *           product
 * Source    Wang et al. 2024, "FLoRA", arXiv:2409.05976, §3 (products are stacked, not averaged) · Hu et al. 2022, arXiv:2106.09685
 * Differs   the sum is cut to a rank by its singular values instead of being added to the base
 */
export function sharedPatch(options: SharedPatchOptions = {}): Strategy {
  const read = OPTIONS.read(options);
  return {
    name: 'sharedPatch',
    options: read,
    kind: 'patch',
    takesCombine: false,
    open: (device) => open(device, read),
  };
}

async function open(device: Device, { learns, rank, sharedRank }: Read<typeof OPTIONS>): Promise<Member> {
  const base = device.artifacts;
  const hash = await baseHash(base);
  const changed = learns === 'head' ? headOf(base) : matricesOf(base, rank);
  if (changed.length === 0) {
    throw new LimbeckError(
      'student-not-trainable',
      `No matrix of the student is larger than a product of rank ${rank}. Lower "rank", or take fedAvg().`,
    );
  }
  const layers = [...new Set(changed.map(({ name }) => name.slice(0, name.lastIndexOf('/'))))];
  const adaptation: AdaptationOptions =
    learns === 'head' ? { learns: 'all', layers } : { learns: 'low-rank', layers, rank };
  const shapesOf = (most: number): Shapes =>
    Object.fromEntries(
      changed.flatMap((weight) =>
        learns === 'head' ? [[`${weight.name}.delta`, weight.shape] as const] : factorsOf(weight, most),
      ),
    );
  const [sent, shared] = [shapesOf(rank), shapesOf(sharedRank)];
  const patchOf = (values: NamedArrays): Patch => {
    const changes = changed.map(({ name, shape }): WeightChange => {
      const delta = values[`${name}.delta`]?.data as Float32Array | undefined;
      if (delta !== undefined) return { kind: 'added', weight: name, shape, delta };
      const [left, right] = [values[`${name}.left`], values[`${name}.right`]] as [
        NamedArrays[string],
        NamedArrays[string],
      ];
      const [l, r] = [left.data as Float32Array, right.data as Float32Array];
      return { kind: 'low-rank', weight: name, shape, rank: right.shape[0] as number, left: l, right: r };
    });
    return { name: 'federated', version: 1, base: hash, method: 'sharedPatch', changes };
  };
  const valuesOf = ({ changes }: Patch, shapes: Shapes): NamedArrays => {
    const values: Record<string, NamedArrays[string]> = {};
    for (const [name, shape] of Object.entries(shapes)) values[name] = zeros(shape as readonly number[]);
    for (const change of changes) {
      if (change.kind === 'added') values[`${change.weight}.delta`] = { data: change.delta, shape: change.shape };
      else put(values, change.weight, change);
    }
    return values;
  };
  let own: StudentArtifacts = base;
  const patched = async (values: NamedArrays) =>
    (await applyPatch(base, patchOf(values))).artifacts as StudentArtifacts;
  return {
    sent,
    shared,
    settings: { base: hash },
    first: () => valuesOf({ ...patchOf({ ...zerosOf(shared) }), changes: [] }, shared),
    async adopt(values) {
      own = await patched(values);
    },
    async step(values, place) {
      const from = await patched(values);
      const training = { from, data: device.data, loss: device.loss, adaptation };
      const { artifacts, adapted } = await trainHere(device, training, place);
      if (learns === 'head') return valuesOf(onlyOf(await diffPatch(from, artifacts), sent), sent);
      const products = Object.entries(adapted?.lowRank ?? {}).map(([weight, product]): WeightChange => {
        return { kind: 'low-rank', weight, shape: [], ...product };
      });
      return valuesOf(
        { ...patchOf(zerosOf(sent)), changes: products.filter(({ weight }) => `${weight}.left` in sent) },
        sent,
      );
    },
    async aggregate({ parts, before }) {
      const total = parts.reduce((sum, { weight }) => sum + weight, 0);
      const patches = parts.map(({ weight, values }) => ({ patch: patchOf(values), weight: weight / total }));
      const merged = mergePatches([{ patch: patchOf(before), weight: 1 }, ...patches], {
        name: 'federated',
        rank: sharedRank,
      });
      return { values: valuesOf(merged, shared), rejected: [] };
    },
    artifacts: () => own,
  };
}

function headOf(base: StudentArtifacts): WeightSpec[] {
  const { layer } = classifierOf(base);
  return base.weightSpecs.filter(({ name, dtype }) => dtype === 'float32' && name.startsWith(`${layer}/`));
}

/** The matrices of which a product of that rank is smaller. */
function matricesOf({ weightSpecs }: StudentArtifacts, rank: number): WeightSpec[] {
  return weightSpecs.filter(({ shape, dtype }) => {
    const columns = shape.at(-1) ?? 1;
    const rows = sizeOf(shape) / columns;
    return dtype === 'float32' && shape.length > 1 && rank * (rows + columns) < rows * columns;
  });
}

function factorsOf({ name, shape }: WeightSpec, rank: number): (readonly [string, readonly number[]])[] {
  const columns = shape.at(-1) ?? 1;
  return [
    [`${name}.left`, [sizeOf(shape) / columns, rank]],
    [`${name}.right`, [rank, columns]],
  ];
}

/** A product as arrays of a higher rank, whose other columns and rows are zero. */
function put(
  values: Record<string, NamedArrays[string]>,
  weight: string,
  { rank, left, right }: { readonly rank: number; readonly left: Float32Array; readonly right: Float32Array },
): void {
  const [toLeft, toRight] = [values[`${weight}.left`], values[`${weight}.right`]];
  if (toLeft === undefined || toRight === undefined) return;
  const wide = toLeft.shape[1] as number;
  for (const [i, value] of left.entries()) toLeft.data[Math.floor(i / rank) * wide + (i % rank)] = value;
  toRight.data.set(right);
}

function zeros(shape: readonly number[]) {
  return { data: new Float32Array(sizeOf(shape)), shape };
}

function zerosOf(shapes: Shapes): NamedArrays {
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, zeros(shape as readonly number[])]));
}

/** Without what changed by itself, such as nothing but rounding. */
function onlyOf(patch: Patch, shapes: Shapes): Patch {
  return { ...patch, changes: patch.changes.filter(({ weight }) => `${weight}.delta` in shapes) };
}
