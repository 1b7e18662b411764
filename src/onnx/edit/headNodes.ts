// The nodes of a linear head on a value of a graph: one number for each feature, a product, probabilities.
import { type OnnxNode, type OnnxTensor, onnx } from '../model.ts';
import { intAttribute, intsAttribute } from '../simplify/nodes.ts';
import { floatTensor, int64Tensor } from '../tensorData.ts';
import { type ChannelPlace, type Pooling, placeAxes } from './pooling.ts';

/** A head that is to be written; names are those of the graph. */
export interface HeadSketch {
  readonly source: string;
  readonly rank: number;
  readonly pooling: Pooling;
  readonly channels: ChannelPlace;
  readonly needsCast: boolean;
  readonly opset: number;
  readonly features: number;
  readonly classes: number;
  /** [F, C] and [C]. */
  readonly weights: Float32Array;
  readonly bias: Float32Array;
  /** Logits [B, C] that the product is added to. */
  readonly onto: { readonly tensor: string; readonly needsCast: boolean } | undefined;
  readonly output: string;
  /** The name of the probabilities, where they are wanted. */
  readonly probabilities: string | undefined;
  readonly fresh: (like: string) => string;
}

/**
 * Nodes and stored values of a head, as the operator set wants them.
 * Source    ONNX: ReduceMean and ReduceMax take their axes as an input since set 18; Gemm adds a row to all since set 7
 */
export function headNodes(sketch: HeadSketch): { readonly nodes: OnnxNode[]; readonly stored: OnnxTensor[] } {
  const { fresh, output, probabilities, opset } = sketch;
  const nodes: OnnxNode[] = [];
  const stored: OnnxTensor[] = [];
  const node = (opType: string, input: string[], result: string, attribute: OnnxNode['attribute'] = []) => {
    nodes.push(onnx.node({ opType, name: fresh(`head/${opType}`), input, output: [result], attribute }));
    return result;
  };
  const store = (tensor: OnnxTensor) => {
    stored.push(tensor);
    return tensor.name;
  };
  const pooled = (value: string): string => {
    if (sketch.pooling === 'none') return value;
    if (sketch.pooling === 'flatten') return node('Flatten', [value], fresh('head/row'), [intAttribute('axis', 1)]);
    const operator = sketch.pooling === 'mean' ? 'ReduceMean' : 'ReduceMax';
    const axes = placeAxes(sketch.rank, sketch.channels);
    const given = opset < 18 ? [] : [store(int64Tensor(fresh('head/axes'), [axes.length], axes))];
    const attributes = [intAttribute('keepdims', 0), ...(opset < 18 ? [intsAttribute('axes', axes)] : [])];
    return node(operator, [value, ...given], fresh('head/pooled'), attributes);
  };
  const asFloat = (tensor: string, needsCast: boolean) =>
    needsCast ? node('Cast', [tensor], fresh('head/float'), [intAttribute('to', 1)]) : tensor;
  const value = asFloat(sketch.source, sketch.needsCast);
  const weights = store(floatTensor(fresh('head/weights'), [sketch.features, sketch.classes], sketch.weights));
  const bias = store(floatTensor(fresh('head/bias'), [sketch.classes], sketch.bias));
  const { onto } = sketch;
  const product = node('Gemm', [pooled(value), weights, bias], onto ? fresh('head/added') : output);
  if (onto) node('Add', [asFloat(onto.tensor, onto.needsCast), product], output);
  if (probabilities !== undefined) node('Softmax', [output], probabilities, [intAttribute('axis', 1)]);
  return { nodes, stored };
}
