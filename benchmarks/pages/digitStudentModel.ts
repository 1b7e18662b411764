// The text-direction classifier of PP-OCR as a student of digits: its first convolution takes one channel in place of three,
// and a new dense layer stands in place of its own.
import { derivedSeed, seededRandom } from '../../src/core/random.ts';
import { type OnnxGraph, type OnnxValue, onnx, readModel, writeModel } from '../../src/onnx/model.ts';
import { dataOf, floatTensor } from '../../src/onnx/tensorData.ts';

const FEATURES = 200;
const CLASSES = 10;
const SIDE = 28;

/** The model with input 'x' [N, 1, 28, 28], light digits on dark in [0, 1], and output 'logits' [N, 10]. */
export function digitStudentModel(bytes: Uint8Array, seed: number): Uint8Array<ArrayBuffer> {
  const model = readModel(bytes, 'text-direction');
  const { graph } = model;
  cutHead(graph);
  takeOneChannel(graph);
  addHead(graph, seed);
  graph.input = [tensorNamed('x', [1, SIDE, SIDE])];
  graph.output = [tensorNamed('logits', [CLASSES])];
  graph.valueInfo = [];
  return writeModel(model);
}

/** Ends with the mean over what the last max pooling reads: a digit is one row high there, too few for a window of two. */
function cutHead(graph: OnnxGraph): void {
  const pooling = graph.node.findIndex(({ opType }) => opType === 'MaxPool');
  const [input = ''] = graph.node[pooling]?.input ?? [];
  graph.node = graph.node.slice(0, pooling);
  graph.node.push(onnx.node({ opType: 'GlobalAveragePool', input: [input], output: ['mean'] }));
}

/** What it computes of three equal channels in [-1, 1], dark on light: of 1 − 2x, where x is the digit. */
function takeOneChannel(graph: OnnxGraph): void {
  const first = graph.node.find(({ opType }) => opType === 'Conv');
  const [image = '', weight = ''] = first?.input ?? [];
  const stored = graph.node.find(({ output }) => output.includes(weight))?.attribute[0]?.t;
  if (first === undefined || stored === undefined) throw new Error('The model does not begin with a convolution.');
  const { data, shape } = dataOf(stored);
  const [filters = 0, channels = 0, height = 0, width = 0] = shape;
  const taps = height * width;
  const kernel = new Float32Array(filters * taps);
  const bias = new Float32Array(filters);
  for (let i = 0; i < data.length; i++) {
    const filter = Math.floor(i / (channels * taps));
    const at = filter * taps + (i % taps);
    kernel[at] = (kernel[at] as number) - 2 * Number(data[i]);
    bias[filter] = (bias[filter] as number) + Number(data[i]);
  }
  graph.initializer.push(
    floatTensor('kernel', [filters, 1, height, width], kernel),
    floatTensor('bias', [filters], bias),
  );
  first.input = [image, 'kernel', 'bias'];
}

function addHead(graph: OnnxGraph, seed: number): void {
  const random = seededRandom(derivedSeed(seed, 'digits/head'));
  // Glorot's uniform start.
  const limit = Math.sqrt(6 / (FEATURES + CLASSES));
  const head = Float32Array.from({ length: FEATURES * CLASSES }, () => (2 * random() - 1) * limit);
  graph.initializer.push(floatTensor('head', [FEATURES, CLASSES], head));
  graph.initializer.push(floatTensor('headBias', [CLASSES], new Float32Array(CLASSES)));
  graph.node.push(
    onnx.node({ opType: 'Flatten', input: ['mean'], output: ['features'] }),
    onnx.node({ opType: 'MatMul', name: 'head', input: ['features', 'head'], output: ['product'] }),
    onnx.node({ opType: 'Add', input: ['product', 'headBias'], output: ['logits'] }),
  );
}

function tensorNamed(name: string, shape: readonly number[]): OnnxValue {
  const dim = [{ dimParam: 'n' }, ...shape.map((length) => ({ dimValue: BigInt(length) }))];
  return onnx.value({ name, type: { tensorType: { elemType: 1, shape: { dim } } } });
}
