// Nodes that only this engine has: one kernel computes what ONNX needs several nodes for.
import { type OnnxNode, onnx } from '../../onnx/model.ts';
import { floats } from '../../onnx/shapes/call.ts';
import { nodeOf, textAttribute } from '../../onnx/simplify/nodes.ts';
import type { Curve } from '../../runtime/kernels/matmul/gemm.ts';

/**
 * The domain of these nodes. `Line` and `Gate` compute a curve of their input. `Conv`, `ConvTranspose` and `MatMul` are
 * ONNX's with a bias, which MatMul has too, and with a curve at the end.
 */
export const ENGINE_DOMAIN = 'limbeck.kernels';

/** A line is the clipped line alone, a gate is x times that. */
export type CurveKind = 'Line' | 'Gate';

/** What ends a product. */
export interface End {
  readonly kind: CurveKind;
  readonly curve: Curve;
}

export function fusedNode(
  opType: string,
  last: OnnxNode,
  input: readonly string[],
  attributes: OnnxNode['attribute'],
): OnnxNode {
  const node = nodeOf(opType, last, input, attributes);
  node.domain = ENGINE_DOMAIN;
  return node;
}

export function curveAttribute({ slope, offset, low, high, shift }: Curve): OnnxNode['attribute'][number] {
  return onnx.attribute({ name: 'curve', type: 6, floats: [slope, offset, low, high, shift] });
}

export function endAttributes({ kind, curve }: End): OnnxNode['attribute'] {
  return [textAttribute('activation', kind.toLowerCase()), curveAttribute(curve)];
}

export function curveOf(node: OnnxNode): Curve | undefined {
  const [slope, offset, low, high, shift] = floats({ node }, 'curve') ?? [];
  if (slope === undefined || offset === undefined || low === undefined || high === undefined || shift === undefined) {
    return undefined;
  }
  return { slope, offset, low, high, shift };
}
