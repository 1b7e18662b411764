import { type OnnxModel, type OnnxNode, onnx } from '../../onnx/model.ts';
import { make } from '../../onnx/proto.ts';
import type { Draft } from '../../onnx/simplify/draft.ts';
import { floatData, intAttribute, isOperator, rewriteNodes } from '../../onnx/simplify/nodes.ts';
import { roundEven } from './int8Weights.ts';
import { activationOf, biasName, biasNodes, type Product, productOf } from './product.ts';
import { isExcluded, type NodeLog } from './report.ts';
import { hasSmallerForm, isSmaller, NODE_BYTES } from './weightOnly.ts';
import { weightSize } from './weights.ts';

export interface Int4Options {
  readonly blockSize: number;
  readonly exclude: readonly string[];
}

/** A matrix in blocks of its columns: two weights per byte, one scale per block; the number 8 means 0. */
export interface Int4Blocks {
  /** [N, blocks, blockSize / 2] */
  readonly packed: Uint8Array<ArrayBuffer>;
  /** [N, blocks] */
  readonly scales: Float32Array<ArrayBuffer>;
  readonly blocks: number;
}

/** Matrix products with 4-bit weights, as onnxruntime's MatMulNBits; everything else is unchanged. */
export function toInt4(model: OnnxModel, draft: Draft, { blockSize, exclude }: Int4Options, log: NodeLog): void {
  const stored = new Map<string, readonly [string, string]>();

  const storeBlocks = ({ key, weight, matrix, rows, columns }: Product): readonly [string, string] => {
    const known = stored.get(key);
    if (known !== undefined) return known;
    const { packed, scales, blocks } = toInt4Blocks(matrix, rows, columns, blockSize);
    const shape = [columns, blocks, blockSize / 2];
    const names = [
      draft.addConstant(`${weight.name}_q4`, { dtype: 'uint8', shape, data: packed }),
      draft.addConstant(`${weight.name}_s`, floatData([columns * blocks], scales)),
    ] as const;
    stored.set(key, names);
    return names;
  };

  const multiply = (product: Product): OnnxNode[] => {
    const { node, rows, columns } = product;
    const output = node.output[0] as string;
    const activation = activationOf(draft, product);
    const raw = biasName(node) === undefined ? output : draft.fresh(`${output}_p`);
    const attribute = [
      intAttribute('K', rows),
      intAttribute('N', columns),
      intAttribute('bits', 4),
      intAttribute('block_size', blockSize),
    ];
    const input = [activation.name, ...storeBlocks(product)];
    const name = node.name;
    const main = onnx.node({ opType: 'MatMulNBits', domain: 'com.microsoft', name, input, output: [raw], attribute });
    return [...activation.nodes, main, ...biasNodes(draft, node, raw)];
  };

  rewriteNodes(draft, (node) => {
    if (!isOperator(node, 'MatMul', 'Gemm')) {
      const isWeighted = node.input.some((name) => isSmaller(weightSize(draft, name), 1));
      if (!isWeighted) return undefined;
      const instead = hasSmallerForm(draft, node) ? "; 'dynamic-int8' stores its weights smaller" : '';
      log.note(node, 'left', `it is no matrix product${instead}`);
      return undefined;
    }
    if (isExcluded(node, exclude)) return void log.note(node, 'left', 'it is excluded');
    const product = productOf(draft, node);
    if (typeof product === 'string') return void log.note(node, 'left', product);
    const { matrix, rows, columns } = product;
    const bytes = columns * Math.ceil(rows / blockSize) * (blockSize / 2 + 4) + NODE_BYTES;
    if (bytes >= 4 * matrix.length) return void log.note(node, 'left', 'its weights would not become smaller');
    log.note(node, 'computed');
    return multiply(product);
  });
  const fields = { domain: 'com.microsoft', version: 1n };
  const isUsed = stored.size > 0 && !model.opsetImport.some(({ domain }) => domain === 'com.microsoft');
  if (isUsed) model.opsetImport.push(make('OperatorSetIdProto', fields) as typeof fields);
}

/**
 * Weights of 4 bits, from −8 to 7 scales; the largest of a block becomes −8.
 * Shapes    matrix [K, N] → packed [N, ⌈K / blockSize⌉, blockSize / 2]
 * Source    onnxruntime, mlas q4_dq and matmul_4bits_quantizer, symmetric
 */
export function toInt4Blocks(matrix: Float32Array, rows: number, columns: number, blockSize: number): Int4Blocks {
  const blocks = Math.ceil(rows / blockSize);
  const packed = new Uint8Array((columns * blocks * blockSize) / 2).fill(0x88);
  const scales = new Float32Array(columns * blocks);
  for (let column = 0; column < columns; column++) {
    for (let block = 0; block < blocks; block++) {
      const from = block * blockSize;
      const to = Math.min(rows, from + blockSize);
      let [least, most] = [0, 0];
      for (let row = from; row < to; row++) {
        const value = matrix[row * columns + column] as number;
        if (value < least) least = value;
        if (value > most) most = value;
      }
      const largest = most > -least ? most : least;
      const scale = Math.fround(largest / -8);
      const at = column * blocks + block;
      scales[at] = scale;
      const reciprocal = scale === 0 ? 0 : Math.fround(1 / scale);
      for (let row = from; row < to; row++) {
        const value = Math.fround((matrix[row * columns + column] as number) * reciprocal);
        const number = Math.max(0, Math.min(15, roundEven(value) + 8));
        const byte = (at * blockSize) / 2 + ((row - from) >> 1);
        const isHigh = ((row - from) & 1) === 1;
        const kept = (packed[byte] as number) & (isHigh ? 0x0f : 0xf0);
        packed[byte] = kept | (isHigh ? number << 4 : number);
      }
    }
  }
  return { packed, scales, blocks };
}
