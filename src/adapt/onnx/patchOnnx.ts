import type { LayerWeight } from '../../onnx/describe/listWeights.ts';
import type { LowRankDelta } from '../../onnx/edit/addLowRank.ts';
import { modelBytes } from '../../onnx/modelBytes.ts';
import type { OnnxBytes } from './personalizeOnnx.ts';

/**
 * An ONNX model with low-rank products added to chosen weights of MatMul, Gemm and Conv (LoRA, merged): one file, that
 * any runtime loads, as fast as before.
 * Throws    invalid-onnx · unknown-tensor: a weight that is not there · shape-mismatch · unsupported-operator: a weight
 *           that is computed, quantized or kept in another file
 * Source    Hu et al. 2022, §4.1, arXiv:2106.09685 (no latency after merging)
 */
export async function patchOnnx(model: OnnxBytes, deltas: readonly LowRankDelta[]): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await modelBytes(model, 'patchOnnx');
  const { addLowRank } = await import('../../onnx/edit/addLowRank.ts');
  return addLowRank(bytes, deltas) as Uint8Array<ArrayBuffer>;
}

/** The weights of a model that `patchOnnx` can change, with their shapes as matrices. Throws    invalid-onnx */
export async function listOnnxWeights(model: OnnxBytes): Promise<LayerWeight[]> {
  const bytes = await modelBytes(model, 'listOnnxWeights');
  const [{ listWeights }, { readModel }] = await Promise.all([
    import('../../onnx/describe/listWeights.ts'),
    import('../../onnx/model.ts'),
  ]);
  return listWeights(readModel(bytes));
}
