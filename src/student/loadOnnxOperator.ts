import type { Tf } from '../runtime/tfNamespace.ts';

/**
 * Loads `onnxOperator`, a layer that computes one ONNX operator, and registers its class, so that tfjs can load saved models
 * that hold one. It brings all ONNX operators with it, which most students do without.
 */
export async function loadOnnxOperator(tf: Tf): Promise<typeof import('./layers/onnxOperator.ts').onnxOperator> {
  const { onnxOperator, onnxOperatorClass } = await import('./layers/onnxOperator.ts');
  onnxOperatorClass(tf);
  return onnxOperator;
}
