import { nearestHalf } from '../../core/halves.ts';
import type { Patch, WeightChange } from './patch.ts';

/**
 * The patch with all numbers rounded to halves, so that its file takes half the space without further loss. A tensor
 * with a number too large for a half stays as it is.
 */
export function roundedPatch(patch: Patch): Patch {
  const { changes, memory } = patch;
  return {
    ...patch,
    changes: changes.map(roundedChange),
    ...(memory && { memory: { ...memory, features: rounded(memory.features) } }),
  };
}

function roundedChange(change: WeightChange): WeightChange {
  if (change.kind === 'added') return { ...change, delta: rounded(change.delta) };
  return { ...change, left: rounded(change.left), right: rounded(change.right) };
}

function rounded(values: Float32Array): Float32Array {
  const near = values.map(nearestHalf);
  return near.every(Number.isFinite) ? near : values;
}
