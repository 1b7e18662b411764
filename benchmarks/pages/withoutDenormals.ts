import { type OnnxTensor, readModel, writeModel } from '../../src/onnx/model.ts';
import { dataOf, storedData } from '../../src/onnx/tensorData.ts';

const FLOAT32 = 1;
/** Processors take many times as long over products of smaller numbers. */
const SMALLEST_NORMAL = 2 ** -126;

export interface Flushed {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Weights that were too small to be normal numbers. */
  readonly zeroed: number;
  /** Of so many float32 weights in all. */
  readonly weights: number;
}

/** The model with zeros for weights that are no normal numbers; else as it was. */
export function withoutDenormals(model: Uint8Array): Flushed {
  const read = readModel(model);
  let [zeroed, weights] = [0, 0];
  const flushed = (tensor: OnnxTensor): OnnxTensor => {
    if (tensor.dataType !== FLOAT32) return tensor;
    const { data, shape } = dataOf(tensor);
    weights += data.length;
    for (const [i, value] of (data as Float32Array).entries()) {
      if (value === 0 || Math.abs(value) >= SMALLEST_NORMAL) continue;
      data[i] = 0;
      zeroed++;
    }
    return storedData(tensor.name, 'float32', shape, data);
  };
  read.graph.initializer = read.graph.initializer.map(flushed);
  for (const attribute of read.graph.node.flatMap((node) => node.attribute)) {
    if (attribute.t !== undefined) attribute.t = flushed(attribute.t);
  }
  return { bytes: writeModel(read), zeroed, weights };
}
