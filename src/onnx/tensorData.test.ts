import { describe, expect, it } from 'vitest';
import { onnx } from './model.ts';
import { dataOf, floatTensor, int64Tensor, storedData } from './tensorData.ts';

describe('tensorData', () => {
  it('reads back what it stored, whatever the element type', () => {
    expect(dataOf(floatTensor('w', [2, 2], [1, 2, 3, 4.5]))).toEqual({
      dtype: 'float32',
      shape: [2, 2],
      data: Float32Array.of(1, 2, 3, 4.5),
    });
    expect(dataOf(int64Tensor('s', [2], [-1, 7])).data).toEqual(BigInt64Array.of(-1n, 7n));
    expect(dataOf(storedData('q', 'int8', [3], Int8Array.of(-128, 0, 127))).data).toEqual(Int8Array.of(-128, 0, 127));
  });

  it('reads elements from the fields that other writers use', () => {
    expect(dataOf(onnx.tensor({ dims: [2n], dataType: 1, floatData: [1, 2] })).data).toEqual(Float32Array.of(1, 2));
    expect(dataOf(onnx.tensor({ dims: [2n], dataType: 3, int32Data: [-1, 5] })).data).toEqual(Int8Array.of(-1, 5));
    expect(dataOf(onnx.tensor({ dims: [], dataType: 7, int64Data: [9n] })).data).toEqual(BigInt64Array.of(9n));
  });

  it('refuses elements that are elsewhere, of another kind, or too few', () => {
    const refused = (fields: object) => expect(() => dataOf(onnx.tensor({ name: 't', ...fields })));
    refused({ dims: [1n], dataType: 1, dataLocation: 1 }).toThrow('another file');
    refused({ dims: [1n], dataType: 8 }).toThrow('string');
    refused({ dims: [3n], dataType: 1, floatData: [1] }).toThrow('1 elements');
  });
});
