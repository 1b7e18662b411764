// Random cases of the matrix products.
import fc from 'fast-check';
import { gelu } from '../../ops/gelu.ts';
import * as tf from '../../tf.ts';
import { type Epilogue, epilogueFields, isCurved, isFallback, withCurve } from './attributeCases.ts';
import { isAffordable, type ProductAttrs, plainProduct, productFields, productShapes } from './productCases.ts';
import { casesOf, type KernelCases } from './randomCases.ts';

const batchMatMulCases = casesOf<ProductAttrs>({
  kernelName: tf.BatchMatMul,
  attrs: fc.record(productFields).filter(isAffordable),
  inputShapes: productShapes,
  depth: ({ k }) => k,
  run: ({ transposeA, transposeB }, [a, b]) => tf.matMul(a, b, transposeA, transposeB),
});

const fusedMatMulCases = casesOf<ProductAttrs & Epilogue>({
  kernelName: tf._FusedMatMul,
  attrs: fc
    .record({ ...productFields, ...epilogueFields })
    .filter(isAffordable)
    .map((attrs) => (isFallback(attrs) ? { ...attrs, ...plainProduct } : attrs)),
  inputShapes: (attrs) => [...productShapes(attrs), [attrs.n]],
  depth: ({ k }) => k,
  isFallback: (attrs) => isFallback(attrs) || isCurved(attrs),
  run(attrs, [a, b, bias]) {
    const { transposeA, transposeB, hasBias } = attrs;
    const inputs = { a, b, ...(hasBias && { bias }) } as tf.NamedTensorMap;
    return withCurve(tf._FusedMatMul, attrs, inputs, { transposeA, transposeB }, (activation) =>
      tf.fused.matMul({ a, b, transposeA, transposeB, bias: hasBias ? bias : undefined, activation }),
    );
  },
});

interface GeluAttrs extends Pick<ProductAttrs, 'm' | 'n' | 'k'> {
  readonly hasBias: boolean;
  readonly isSloped: boolean;
}

const { m, n, k } = productFields;
const geluMatMulCases = casesOf<GeluAttrs>({
  kernelName: 'GeluMatMul',
  attrs: fc
    .record({ m, n, k, hasBias: fc.boolean(), isSloped: fc.boolean() })
    .filter((attrs) => isAffordable({ ...attrs, ...plainProduct })),
  inputShapes: (attrs) => [...productShapes({ ...attrs, ...plainProduct }), [attrs.n]],
  // The error function of tfjs is off by 1.5e-7, and times values up to 16 · k.
  depth: (attrs) => 24 * attrs.k + 64,
  isFallback: () => true,
  run({ hasBias, isSloped }, [a, b, bias]) {
    const inputs = { a, b, ...(hasBias && { bias }) } as tf.NamedTensorMap;
    return tf.stack(tf.engine().runKernel('GeluMatMul', inputs, { isSloped }) as tf.Tensor[]);
  },
  reference({ hasBias, isSloped }, [a, b, bias]) {
    const product = tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D);
    const x = hasBias ? tf.add(product, bias) : product;
    return tf.stack([gelu(x), ...(isSloped ? [tf.grad((of: tf.Tensor) => gelu(of))(x)] : [])]);
  },
});

export const matMulCases: readonly KernelCases[] = [batchMatMulCases, fusedMatMulCases, geluMatMulCases];
