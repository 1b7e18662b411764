import type { Operator, Operators } from './call.ts';
import { fromRecord } from './fromRecord.ts';
import { ENGINE_DOMAIN } from './fusedNodes.ts';
import { CONVOLUTIONS } from './operators/convolutions.ts';
import { CURVES, ELEMENTWISE } from './operators/elementwise.ts';
import { NORMALIZATIONS } from './operators/normalizations.ts';
import { POOLS } from './operators/pools.ts';
import { PRODUCTS } from './operators/products.ts';
import { RECURRENT } from './operators/recurrent.ts';
import { RESIZES } from './operators/resizes.ts';
import { SHAPES } from './operators/shapes.ts';

/** What the engine adds: where tensors lie, kernels by name, and what it refuses. */
const OWN: ReadonlyMap<string, Operator> = new Map(
  [CONVOLUTIONS, ELEMENTWISE, NORMALIZATIONS, POOLS, PRODUCTS, RECURRENT, RESIZES, SHAPES].flatMap((family) =>
    Object.entries(family),
  ),
);

/** The engine's own nodes. Those that are also ONNX's are computed as these, and read their bias and curve. */
const FUSED: Operators = { ...CURVES, ...CONVOLUTIONS, ...PRODUCTS };

/** How an operator is computed with the kernels; undefined where it is not. */
export function operatorOf(name: string): Operator | undefined {
  const dot = name.lastIndexOf('.');
  const [domain, opType] = [name.slice(0, Math.max(0, dot)), name.slice(dot + 1)];
  return domain === ENGINE_DOMAIN ? FUSED[opType] : (OWN.get(name) ?? fromRecord(domain, opType));
}
