import { mergePatches } from '../student/patch/mergePatches.ts';
import type { Patch } from '../student/patch/patch.ts';

/** The same patch with so much of its changes; one that remembers examples has none to make less of. */
export function withStrength(patch: Patch, strength: number): Patch {
  if (strength === 1) return patch;
  const { changes } = mergePatches([{ patch, weight: strength }]);
  return { ...patch, changes };
}
