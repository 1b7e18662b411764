import { type OnnxNode, onnx } from '../../onnx/model.ts';
import type { Draft } from '../../onnx/simplify/draft.ts';
import { floatData, intAttribute, isOperator, rewriteNodes } from '../../onnx/simplify/nodes.ts';
import { toInt8Weights } from './int8Weights.ts';
import { activationOf, biasName, biasNodes, type Product, productOf } from './product.ts';
import { isExcluded, type NodeLog } from './report.ts';
import { isSmaller, openWeightStore } from './weightOnly.ts';

export interface DynamicOptions {
  readonly perChannel: boolean;
  readonly exclude: readonly string[];
}

/**
 * Weights as int8. Matrix products compute with them: their activations become 8-bit numbers by the range of each batch.
 * Convolutions, embeddings and recurrent cells convert them to float32, so that they are as fast as before and their
 * activations stay exact.
 */
export function toDynamicInt8(draft: Draft, { perChannel, exclude }: DynamicOptions, log: NodeLog): void {
  const weights = openWeightStore(draft, perChannel);
  const matrices = new Map<string, StoredMatrix>();
  const activations = new Map<string, QuantizedActivation>();

  const quantizeActivation = (name: string): { nodes: OnnxNode[]; to: QuantizedActivation } => {
    const known = activations.get(name);
    if (known !== undefined) return { nodes: [], to: known };
    const to = {
      data: draft.fresh(`${name}_q`),
      scale: draft.fresh(`${name}_s`),
      zero: draft.fresh(`${name}_z`),
    };
    activations.set(name, to);
    const output = [to.data, to.scale, to.zero];
    return { nodes: [onnx.node({ opType: 'DynamicQuantizeLinear', input: [name], output })], to };
  };

  const storeMatrix = ({ key, weight, matrix, rows, columns }: Product): StoredMatrix => {
    const known = matrices.get(key);
    if (known !== undefined) return known;
    const { data, scales } = toInt8Weights(matrix, [rows, columns], perChannel ? 1 : undefined);
    const stored = {
      data: draft.addConstant(`${weight.name}_q`, { dtype: 'int8', shape: [rows, columns], data }),
      scale: draft.addConstant(`${weight.name}_s`, floatData(perChannel ? [columns] : [], scales)),
    };
    matrices.set(key, stored);
    return stored;
  };

  const multiply = (product: Product): OnnxNode[] => {
    const { node } = product;
    const output = node.output[0] as string;
    const turned = activationOf(draft, product);
    const activation = quantizeActivation(turned.name);
    const matrix = storeMatrix(product);
    const [whole, real, scale] = [`${output}_i`, `${output}_r`, `${output}_s`].map(draft.fresh);
    const raw = biasName(node) === undefined ? output : draft.fresh(`${output}_p`);
    const { data, scale: activationScale, zero } = activation.to;
    return [
      ...turned.nodes,
      ...activation.nodes,
      made('MatMulInteger', [data, matrix.data, zero], whole, { name: node.name }),
      made('Cast', [whole as string], real, { attribute: [intAttribute('to', 1)] }),
      made('Mul', [activationScale, matrix.scale], scale),
      made('Mul', [real as string, scale as string], raw),
      ...biasNodes(draft, node, raw),
    ];
  };

  rewriteNodes(draft, (node) => {
    const isProduct = isOperator(node, 'MatMul', 'Gemm');
    if (!isProduct && !weights.canStore(node)) return undefined;
    if (isExcluded(node, exclude)) return void log.note(node, 'left', 'it is excluded');
    const product = isProduct ? productOf(draft, node) : undefined;
    if (product !== undefined && typeof product !== 'string') {
      if (isSmaller(product.matrix.length, perChannel ? product.columns : 1)) {
        log.note(node, 'computed');
        return multiply(product);
      }
    }
    const replaced = weights.replace(node);
    if (typeof replaced === 'string') return void log.note(node, 'left', replaced);
    log.note(node, 'weights', typeof product === 'string' ? product : undefined);
    return replaced;
  });
}

interface StoredMatrix {
  readonly data: string;
  readonly scale: string;
}

interface QuantizedActivation {
  readonly data: string;
  readonly scale: string;
  readonly zero: string;
}

function made(opType: string, input: string[], output: string | undefined, more: Partial<OnnxNode> = {}): OnnxNode {
  return onnx.node({ opType, input, output: [output as string], ...more });
}
