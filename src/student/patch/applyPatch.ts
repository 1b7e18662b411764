import { LimbeckError } from '../../core/errors.ts';
import { checkKnownOptions } from '../../core/options.ts';
import { formatShape, isSameShape } from '../../core/shape.ts';
import { artifactsFrom, nameOf, type StudentSource } from '../artifacts.ts';
import { isStudent, type Student, type StudentArtifacts, studentFromArtifacts } from '../student.ts';
import { type Classifier, classifierOf, withClasses } from '../topology/classifier.ts';
import { joinWeights, splitWeights, type WeightBytes } from '../weightBytes.ts';
import { addedBy, withColumns } from './addedBy.ts';
import { baseHash } from './baseHash.ts';
import { checkPatch } from './checkPatch.ts';
import type { Patch, WeightChange } from './patch.ts';
import { patchMismatch, shortHash } from './patchMismatch.ts';
import { withMemory } from './withMemory.ts';

/** A student that remembers its base and patch. Training changes neither. */
export interface PatchedStudent extends Student {
  readonly base: StudentArtifacts;
  readonly baseName: string;
  readonly patch: Patch;
}

/**
 * A new student: the base with a patch's changes, its new classes and its memory. The base stays as it was. The same
 * base and patch give the same bits everywhere: base + delta, with products summed in doubles, is rounded to float32
 * once, and a delta of zero changes no bit. The new classes' weights count as zeros before they are changed; a change
 * of the last layer may leave them out. A memory takes the last layer's place, so a patch with one may not change that
 * layer.
 * Throws    patch-mismatch: made for another base, or for weights that are missing or of another shape · patch-invalid
 *           · student-invalid: a base without weights yet, or without a last layer that can grow or be replaced ·
 *           not-finite: a sum is too large for float32
 * @example
 * const mine = await applyPatch(student, await patchFromBytes(bytes));
 * const before = revertPatch(mine);
 */
export async function applyPatch(base: StudentSource, patch: Patch): Promise<PatchedStudent> {
  checkPatch(patch);
  const before = await artifactsFrom(base);
  const hash = await baseHash(before);
  if (hash !== patch.base) {
    throw patchMismatch(
      `"${patch.name}" was made for the base ${shortHash(patch.base)}, "${nameOf(base)}" is ${shortHash(hash)}`,
      { needed: patch.base, given: hash },
    );
  }
  const baseName = nameOf(base);
  const student = studentFromArtifacts(`${baseName} with ${patch.name}`, patched(before, patch));
  return Object.assign(student, { base: before, baseName, patch });
}

/** Whether a student was made by `applyPatch` on this page; one that was saved and loaded does not know it. */
export function isPatched(student: unknown): student is PatchedStudent {
  return isStudent(student) && 'base' in student && 'patch' in student;
}

/**
 * The base again, bit for bit. A patched student that was saved and loaded does not know its base: use
 * `recognizePatched` first.
 * Throws    patch-mismatch: a student that was not patched
 */
export function revertPatch(student: Student): Student {
  if (isPatched(student)) return studentFromArtifacts(student.baseName, student.base);
  throw patchMismatch(
    'this student was not made by applyPatch, so it has no base; recognizePatched takes one that was saved and ' +
      'loaded',
  );
}

/**
 * Tells a patched student that was saved and loaded its base and patch again. They are combined, which gives the same
 * bits, and compared with the student.
 * Throws    patch-mismatch: the student is not that base with that patch · what `applyPatch` throws
 * @example
 * const { artifacts } = await readBundle(bytes);
 * const reverted = revertPatch(await recognizePatched(artifacts, { base: student, patch }));
 */
export async function recognizePatched(
  student: StudentSource,
  made: { readonly base: StudentSource; readonly patch: Patch },
): Promise<PatchedStudent> {
  checkKnownOptions(made, ['base', 'patch'], 'recognizePatched');
  const again = await applyPatch(made.base, made.patch);
  const [given, needed] = await Promise.all([baseHash(student), baseHash(again)]);
  if (given === needed) return again;
  throw patchMismatch(
    `the student is ${shortHash(given)}, the base with "${made.patch.name}" is ${shortHash(needed)}; it has learned since, ` +
      'or another patch made it',
    { needed, given },
  );
}

function patched(base: StudentArtifacts, patch: Patch): StudentArtifacts {
  const { classes, changes, memory } = patch;
  const classifier = classes === undefined && memory === undefined ? undefined : classifierOf(base);
  const former = classifier?.classes ?? 0;
  if (classes !== undefined && classes < former) {
    throw patchMismatch(`it is for ${classes} classes, the student has ${former}`, { needed: former, given: classes });
  }
  const isWider = classes !== undefined && classes > former;
  const grown = isWider ? withClasses(base, classes, 'zeros') : base;
  if (memory !== undefined) refuseReplaced(changes, (classifier as Classifier).layer);
  const weights = splitWeights(grown);
  const growing = isWider ? { layer: (classifier as Classifier).layer, former } : undefined;
  const byWeight = new Map(changes.map((change) => [fittingWeight(weights, change, growing), change]));
  const parts = weights.map((weight) => {
    const change = byWeight.get(weight);
    return change === undefined ? weight.bytes : changed(weight, withColumns(change, weight.shape.at(-1) ?? 1));
  });
  const after = { ...grown, weightData: joinWeights(parts) };
  return memory === undefined ? after : withMemory(after, memory, classes ?? former);
}

function refuseReplaced(changes: readonly WeightChange[], layer: string): void {
  const lost = changes.find(({ weight }) => weight.startsWith(`${layer}/`));
  if (lost === undefined) return;
  throw patchMismatch(`it changes "${lost.weight}", and its memory takes the place of the layer "${layer}"`, {
    weight: lost.weight,
  });
}

/** The layer that grows with the classes, and how wide it was. */
type Growing = { readonly layer: string; readonly former: number } | undefined;

function fittingWeight(weights: readonly WeightBytes[], change: WeightChange, growing: Growing): WeightBytes {
  const [weight, ...others] = weights.filter(({ name }) => name === change.weight);
  if (weight === undefined || others.length > 0) {
    const names = weights.map(({ name }) => name);
    const count = weight === undefined ? 'no weight' : 'several weights';
    throw patchMismatch(`the student has ${count} "${change.weight}"; it has ${names.join(', ')}`, {
      weight: change.weight,
      names,
    });
  }
  if (weight.dtype !== 'float32') {
    throw patchMismatch(`"${weight.name}" is ${weight.dtype}, and only float32 can be changed`, {
      weight: weight.name,
    });
  }
  const columns = weight.shape.at(-1);
  const given = change.shape.at(-1) ?? 1;
  const isNarrow = growing !== undefined && weight.name.startsWith(`${growing.layer}/`) && given >= growing.former;
  const shape = isNarrow && given < (columns ?? 1) ? [...weight.shape.slice(0, -1), given] : weight.shape;
  if (isSameShape(change.shape, shape)) return weight;
  throw patchMismatch(
    `it changes "${weight.name}" as ${formatShape(change.shape)}, the student's is ${formatShape(weight.shape)}`,
    { weight: weight.name, needed: weight.shape, given: change.shape },
  );
}

function changed({ name, bytes }: WeightBytes, change: WeightChange): Uint8Array {
  // The view need not begin at a multiple of four.
  const values = new Float32Array(bytes.slice().buffer);
  for (const [i, delta] of addedBy(change).entries()) {
    if (delta === 0) continue;
    const before = values[i] as number;
    values[i] = before + delta;
    if (Number.isFinite(before) && !Number.isFinite(values[i])) {
      throw new LimbeckError(
        'not-finite',
        `"${name}" would hold ${before} + ${delta}, which is too large for float32. Merge the patch with a smaller weight.`,
        { details: { weight: name, index: i } },
      );
    }
  }
  return new Uint8Array(values.buffer);
}
