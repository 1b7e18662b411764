import type { Operator, Operators } from './call.ts';
import { fromRecord } from './fromRecord.ts';
import { ENGINE_DOMAIN } from './fusedNodes.ts';
import { CONVOLUTIONS } from './operators/convolutions.ts';
import { CURVES, ELEMENTWISE } from './operators/elementwise.ts';
import { NORMALIZATIONS } from './operators/normalizations.ts';
import { POOLS } from './operators/pools.ts';
import { PRODUCTS } from './operators/products.ts';
import { QUANTIZATION } from './operators/quantization.ts';
import { RECURRENT } from './operators/recurrent.ts';
import { RESIZES } from './operators/resizes.ts';
import { SHAPES } from './operators/shapes.ts';

/** What the engine adds: layouts, kernels by name, and refusals. */
const OWN: ReadonlyMap<string, Operator> = new Map(
  [CONVOLUTIONS, ELEMENTWISE, NORMALIZATIONS, POOLS, PRODUCTS, QUANTIZATION, RECURRENT, RESIZES, SHAPES].flatMap(
    (family) => Object.entries(family),
  ),
);

/** The engine's own nodes. Those with ONNX's names are computed like ONNX's, with their bias and curve. */
const FUSED: Operators = { ...CURVES, ...CONVOLUTIONS, ...PRODUCTS };

/** How the kernels compute an operator; undefined if they cannot. */
export function operatorOf(name: string): Operator | undefined {
  const dot = name.lastIndexOf('.');
  const [domain, opType] = [name.slice(0, Math.max(0, dot)), name.slice(dot + 1)];
  return domain === ENGINE_DOMAIN ? FUSED[opType] : (OWN.get(name) ?? fromRecord(domain, opType));
}
