// Random cases of the matrix products.
import fc from 'fast-check';
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

export const matMulCases: readonly KernelCases[] = [batchMatMulCases, fusedMatMulCases];
