import { LimbeckError } from '../../../core/errors.ts';
import { findWeight, listWeights } from '../../../onnx/describe/listWeights.ts';
import { readModel } from '../../../onnx/model.ts';
import type { MappedWeight, WeightMap } from './weightMap.ts';

/**
 * The weights that learn: those that are named, or all that can.
 * Throws    unknown-tensor: a target that the model does not have · unsupported-operator: one that cannot learn, or none
 *           can
 */
export function chooseTargets(
  { mapped, refused }: WeightMap,
  bytes: Uint8Array,
  { targets, name = 'model' }: { readonly targets?: readonly string[]; readonly name?: string },
): readonly MappedWeight[] {
  if (targets === undefined) {
    if (mapped.length > 0) return mapped;
    const reasons = [...refused].map(([weight, why]) => `"${weight}": ${why}`);
    throw new LimbeckError(
      'unsupported-operator',
      `"${name}" has no weight of MatMul, Gemm or Conv that can learn by "lora"${reasons.length > 0 ? ` (${reasons.join('; ')})` : ''}. ` +
        'Use the method headOnly().',
      { details: { refused: Object.fromEntries(refused) } },
    );
  }
  const all = listWeights(readModel(bytes, name));
  const chosen = targets.map((target) => {
    const stored = findWeight(all, target, name);
    const found = mapped.find((one) => one.stored.weight === stored.weight);
    if (found !== undefined) return found;
    const why = refused.get(stored.weight) ?? 'the classes do not depend on it';
    throw new LimbeckError(
      'unsupported-operator',
      `The target "${target}" of "${name}" cannot learn by "lora": ${why}. These can: ` +
        `${mapped.map((one) => `"${one.stored.weight}"`).join(', ') || 'none'}.`,
      { details: { target, why } },
    );
  });
  return [...new Set(chosen)];
}
